"""What a Python program does with a cluster; prints a line for each step, which the test reads."""
import sys

from kubernetes import client, config, watch

config.load_kube_config(sys.argv[1])
namespace = sys.argv[2]
core, apps = client.CoreV1Api(), client.AppsV1Api()
print('version', client.VersionApi().get_code().minor)

labels = {'app': 'python'}
pod = client.V1PodTemplateSpec(
    metadata=client.V1ObjectMeta(labels=labels),
    spec=client.V1PodSpec(containers=[client.V1Container(name='c', image='example/web:1')]),
)
apps.create_namespaced_deployment(
    namespace,
    client.V1Deployment(
        metadata=client.V1ObjectMeta(name='python'),
        spec=client.V1DeploymentSpec(replicas=2, selector=client.V1LabelSelector(match_labels=labels), template=pod),
    ),
)
for event in watch.Watch().stream(apps.list_namespaced_deployment, namespace, timeout_seconds=60):
    if event['object'].status.ready_replicas == 2:
        print('ready', event['object'].metadata.name)
        break

apps.patch_namespaced_deployment('python', namespace, {'spec': {'template': {'spec': {'containers': [{'name': 'c', 'image': 'example/web:2'}]}}}})
print('image', apps.read_namespaced_deployment('python', namespace).spec.template.spec.containers[0].image)
apps.patch_namespaced_deployment_scale('python', namespace, {'spec': {'replicas': 1}})
print('scale', apps.read_namespaced_deployment_scale('python', namespace).spec.replicas)

for number in range(5):
    core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name=f'page-{number}', labels=labels)))
page = core.list_namespaced_config_map(namespace, limit=2, label_selector='app=python')
names = [item.metadata.name for item in page.items]
while page.metadata._continue:
    page = core.list_namespaced_config_map(namespace, limit=2, label_selector='app=python', _continue=page.metadata._continue)
    names += [item.metadata.name for item in page.items]
print('pages', ' '.join(names))

try:
    core.create_namespaced_config_map(namespace, client.V1ConfigMap(metadata=client.V1ObjectMeta(name='page-0')))
except client.ApiException as refused:
    print('refused', refused.status, refused.reason)
core.delete_collection_namespaced_config_map(namespace, label_selector='app=python')
print('left', len(core.list_namespaced_config_map(namespace, label_selector='app=python').items))
apps.delete_namespaced_deployment('python', namespace, propagation_policy='Foreground')
for event in watch.Watch().stream(core.list_namespaced_pod, namespace, label_selector='app=python', timeout_seconds=60):
    if event['type'] == 'DELETED' and not core.list_namespaced_pod(namespace, label_selector='app=python').items:
        print('gone')
        break
