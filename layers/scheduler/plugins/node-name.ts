import { type FilterPlugin, refusal } from '../plugin.ts';

const OTHER = refusal('NodeName', "node(s) didn't match the requested node name", false);

export const nodeName: FilterPlugin = {
  name: 'NodeName',
  begin({ pod }) {
    const wanted = pod.pod.spec?.nodeName ?? '';
    return wanted === '' ? undefined : ({ name }) => (name === wanted ? undefined : OTHER);
  },
};
