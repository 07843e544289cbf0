import type { PodInfo } from '../picture/pod-info.ts';
import { MAX_SCORE, type ScorePlugin } from '../plugin.ts';

const MB = 1024 * 1024;
/** Images smaller than this are pulled fast enough not to matter; beyond the other bound more makes no difference. Bytes, per container. */
const SMALLEST = 23 * MB;
const LARGEST = 1000 * MB;

/** Names without a tag or digest mean `latest`. */
const withTag = (image: string): string => (image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image);

const imagesOf = ({ pod: { spec } }: PodInfo): string[] => [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].map(({ image }) => withTag(image ?? ''));

/** Nodes that have the images; what few nodes have counts little, so that one warm node does not draw every pod. */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  weight: 1,
  begin({ pod, picture }) {
    const images = imagesOf(pod);
    const total = picture.nodes.length;
    const spread = new Map(images.map((image) => [image, picture.nodesWithImage(image) / total]));
    if ([...spread.values()].every((share) => share === 0)) return undefined;
    const most = LARGEST * images.length;
    return {
      score(node) {
        let sum = 0;
        for (const image of images) sum += Math.floor((node.images.get(image) ?? 0) * spread.get(image)!);
        return Math.floor((MAX_SCORE * (Math.min(Math.max(sum, SMALLEST), most) - SMALLEST)) / (most - SMALLEST));
      },
    };
  },
};
