/** The release of Kubernetes that this agent stands for, as nodes show it. */
export const KUBELET_VERSION = 'v1.36.3';
