// What Go programs do with a cluster through client-go: one line a step, `ok` or `FAIL` with the reason; the test reads them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	metaac "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/discovery/cached/disk"
	"k8s.io/client-go/discovery/cached/memory"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/dynamic/dynamicinformer"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/openapi3"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/restmapper"
	"k8s.io/client-go/scale"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/events"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/tools/pager"
	"k8s.io/client-go/tools/record"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/client-go/util/retry"
	"k8s.io/kubectl/pkg/drain"
)

var (
	ctx, cancel = context.WithTimeout(context.Background(), 200*time.Second)
	cfg         *rest.Config
	cs          *kubernetes.Clientset
	dyn         dynamic.Interface
	ns          = "goclient"
	failed      int
)

func check(name string, f func() error) {
	done := make(chan error, 1)
	go func() {
		defer func() {
			if r := recover(); r != nil {
				done <- fmt.Errorf("panic: %v", r)
			}
		}()
		done <- f()
	}()
	var err error
	start := time.Now()
	select {
	case err = <-done:
	case <-time.After(40 * time.Second):
		err = errors.New("no answer in 40 s")
	}
	if err != nil {
		failed++
		fmt.Printf("FAIL %s (%v): %v\n", name, time.Since(start).Round(time.Millisecond), err)
	} else {
		fmt.Printf("ok   %s (%v)\n", name, time.Since(start).Round(time.Millisecond))
	}
}
func must(err error) {
	if err != nil {
		panic(err)
	}
}

func pod(name string, l map[string]string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, Labels: l}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "c", Image: "registry.k8s.io/pause:3.10"}}}}
}

func main() {
	var err error
	cfg, err = clientcmd.BuildConfigFromFlags("", os.Getenv("KUBECONFIG"))
	must(err)
	cfg.QPS = 500
	cfg.Burst = 500
	pb := rest.CopyConfig(cfg)
	pb.ContentType = "application/vnd.kubernetes.protobuf"
	pb.AcceptContentTypes = "application/vnd.kubernetes.protobuf,application/json"
	cs = kubernetes.NewForConfigOrDie(pb)
	js := kubernetes.NewForConfigOrDie(cfg)
	dyn = dynamic.NewForConfigOrDie(cfg)
	made, err := cs.CoreV1().Namespaces().Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "goclient-"}}, metav1.CreateOptions{})
	must(err)
	ns = made.Name
	defer cs.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{})

	check("wait for the default service account", func() error {
		return wait.PollUntilContextTimeout(ctx, 50*time.Millisecond, 20*time.Second, true, func(c context.Context) (bool, error) {
			_, err := cs.CoreV1().ServiceAccounts(ns).Get(c, "default", metav1.GetOptions{})
			return err == nil, nil
		})
	})

	check("informers of every listable resource sync, protobuf typed and dynamic", func() error {
		lists, err := cs.Discovery().ServerPreferredResources()
		if err != nil {
			return err
		}
		listable := discovery.FilteredBy(discovery.SupportsAllVerbs{Verbs: []string{"list", "watch"}}, lists)
		gvrs, err := discovery.GroupVersionResources(listable)
		if err != nil {
			return err
		}
		f := dynamicinformer.NewDynamicSharedInformerFactory(dyn, 0)
		for gvr := range gvrs {
			f.ForResource(gvr).Informer()
		}
		c, stop := context.WithTimeout(ctx, 35*time.Second)
		defer stop()
		f.Start(c.Done())
		for gvr, ok := range f.WaitForCacheSync(c.Done()) {
			if !ok {
				return fmt.Errorf("not synced: %v", gvr)
			}
		}
		tf := informers.NewSharedInformerFactory(cs, 0)
		for gvr := range gvrs {
			if i, err := tf.ForResource(gvr); err == nil {
				i.Informer()
			}
		}
		tf.Start(c.Done())
		for k, ok := range tf.WaitForCacheSync(c.Done()) {
			if !ok {
				return fmt.Errorf("typed not synced: %v", k)
			}
		}
		fmt.Printf("     %d resources\n", len(gvrs))
		return nil
	})

	check("informer events, indexers, transform", func() error {
		var adds, updates, deletes atomic.Int32
		f := informers.NewSharedInformerFactoryWithOptions(cs, 0, informers.WithNamespace(ns), informers.WithTweakListOptions(func(o *metav1.ListOptions) { o.LabelSelector = "app=inf" }))
		i := f.Core().V1().ConfigMaps().Informer()
		i.AddIndexers(cache.Indexers{"k": func(o any) ([]string, error) { return []string{o.(*corev1.ConfigMap).Data["k"]}, nil }})
		i.AddEventHandler(cache.ResourceEventHandlerFuncs{AddFunc: func(any) { adds.Add(1) }, UpdateFunc: func(_, _ any) { updates.Add(1) }, DeleteFunc: func(any) { deletes.Add(1) }})
		c, stop := context.WithCancel(ctx)
		defer stop()
		f.Start(c.Done())
		f.WaitForCacheSync(c.Done())
		for n := range 5 {
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprint("i", n), Labels: map[string]string{"app": "inf"}}, Data: map[string]string{"k": fmt.Sprint(n % 2)}}
			if _, err := cs.CoreV1().ConfigMaps(ns).Create(ctx, cm, metav1.CreateOptions{}); err != nil {
				return err
			}
		}
		cs.CoreV1().ConfigMaps(ns).Patch(ctx, "i0", types.MergePatchType, []byte(`{"data":{"k":"7"}}`), metav1.PatchOptions{})
		cs.CoreV1().ConfigMaps(ns).Patch(ctx, "i1", types.StrategicMergePatchType, []byte(`{"metadata":{"labels":{"app":"other"}}}`), metav1.PatchOptions{})
		cs.CoreV1().ConfigMaps(ns).Delete(ctx, "i2", metav1.DeleteOptions{})
		return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, 10*time.Second, true, func(context.Context) (bool, error) {
			return adds.Load() == 5 && updates.Load() == 1 && deletes.Load() == 2, nil
		})
	})

	check("typed server-side apply, Extract, conflicts", func() error {
		d := appsac.Deployment("ssa", ns).WithLabels(map[string]string{"app": "ssa"}).WithSpec(appsac.DeploymentSpec().WithReplicas(2).
			WithSelector(metaac.LabelSelector().WithMatchLabels(map[string]string{"app": "ssa"})).
			WithTemplate(coreac.PodTemplateSpec().WithLabels(map[string]string{"app": "ssa"}).WithSpec(coreac.PodSpec().WithContainers(coreac.Container().WithName("c").WithImage("registry.k8s.io/pause:3.10").
				WithPorts(coreac.ContainerPort().WithContainerPort(80).WithName("http"))))))
		got, err := cs.AppsV1().Deployments(ns).Apply(ctx, d, metav1.ApplyOptions{FieldManager: "me"})
		if err != nil {
			return err
		}
		ex, err := appsac.ExtractDeployment(got, "me")
		if err != nil {
			return err
		}
		if *ex.Spec.Replicas != 2 || len(ex.Spec.Template.Spec.Containers[0].Ports) != 1 {
			return fmt.Errorf("extracted %v", ex)
		}
		_, err = cs.AppsV1().Deployments(ns).Apply(ctx, appsac.Deployment("ssa", ns).WithSpec(appsac.DeploymentSpec().WithReplicas(3)), metav1.ApplyOptions{FieldManager: "other"})
		if !apierrors.IsConflict(err) {
			return fmt.Errorf("wanted conflict, got %v", err)
		}
		if c, ok := err.(apierrors.APIStatus); !ok || len(c.Status().Details.Causes) != 1 || c.Status().Details.Causes[0].Type != metav1.CauseTypeFieldManagerConflict {
			return fmt.Errorf("causes %v", err)
		}
		_, err = cs.AppsV1().Deployments(ns).ApplyStatus(ctx, appsac.Deployment("ssa", ns).WithStatus(appsac.DeploymentStatus().WithConditions(appsac.DeploymentCondition().WithType("Mine").WithStatus("True"))), metav1.ApplyOptions{FieldManager: "st"})
		if err != nil {
			return err
		}
		_, err = cs.AppsV1().Deployments(ns).ApplyScale(ctx, "ssa", (func() *autoscalingScale { return scaleAC(ns, "ssa", 4) })(), metav1.ApplyOptions{FieldManager: "sc", Force: true})
		return err
	})

	check("RetryOnConflict under contention", func() error {
		cm, err := cs.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "count"}, Data: map[string]string{"n": ""}}, metav1.CreateOptions{})
		if err != nil {
			return err
		}
		_ = cm
		errs := make(chan error, 5)
		for range 5 {
			go func() {
				for range 5 {
					if err := retry.RetryOnConflict(wait.Backoff{Steps: 100, Duration: time.Millisecond, Jitter: 1}, func() error {
						g, err := cs.CoreV1().ConfigMaps(ns).Get(ctx, "count", metav1.GetOptions{})
						if err != nil {
							return err
						}
						g.Data["n"] += "x"
						_, err = cs.CoreV1().ConfigMaps(ns).Update(ctx, g, metav1.UpdateOptions{})
						return err
					}); err != nil {
						errs <- err
						return
					}
				}
				errs <- nil
			}()
		}
		for range 5 {
			if err := <-errs; err != nil {
				return err
			}
		}
		g, _ := cs.CoreV1().ConfigMaps(ns).Get(ctx, "count", metav1.GetOptions{})
		if len(g.Data["n"]) != 25 {
			return fmt.Errorf("%d", len(g.Data["n"]))
		}
		return nil
	})

	check("leader election, two candidates, handover", func() error {
		order := make(chan string, 4)
		run := func(id string) context.CancelFunc {
			c, stop := context.WithCancel(ctx)
			lock, err := resourcelock.New(resourcelock.LeasesResourceLock, ns, "lead", cs.CoreV1(), cs.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: id})
			must(err)
			go leaderelection.RunOrDie(c, leaderelection.LeaderElectionConfig{Lock: lock, ReleaseOnCancel: true, LeaseDuration: 4 * time.Second, RenewDeadline: 3 * time.Second, RetryPeriod: 300 * time.Millisecond,
				Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { order <- id }, OnStoppedLeading: func() {}}})
			return stop
		}
		a := run("a")
		if got := <-order; got != "a" {
			return errors.New(got)
		}
		b := run("b")
		defer b()
		time.Sleep(600 * time.Millisecond)
		a()
		if got := <-order; got != "b" {
			return errors.New(got)
		}
		l, err := cs.CoordinationV1().Leases(ns).Get(ctx, "lead", metav1.GetOptions{})
		if err != nil || *l.Spec.LeaseTransitions < 1 {
			return fmt.Errorf("%v %v", l, err)
		}
		return nil
	})

	check("discovery: memory and disk caches, RESTMapper, short names, OpenAPI v2 and v3", func() error {
		dir, _ := os.MkdirTemp("", "disc")
		defer os.RemoveAll(dir)
		dc, err := disk.NewCachedDiscoveryClientForConfig(cfg, dir, dir, time.Minute)
		if err != nil {
			return err
		}
		m := restmapper.NewShortcutExpander(restmapper.NewDeferredDiscoveryRESTMapper(dc), dc, nil)
		for short, want := range map[string]string{"po": "pods", "deploy": "deployments", "hpa": "horizontalpodautoscalers", "crd": "customresourcedefinitions", "pdb": "poddisruptionbudgets"} {
			r, err := m.ResourceFor(schema.GroupVersionResource{Resource: short})
			if err != nil || r.Resource != want {
				return fmt.Errorf("%s: %v %v", short, r, err)
			}
		}
		mm := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(cs.Discovery()))
		mp, err := mm.RESTMapping(schema.GroupKind{Group: "autoscaling", Kind: "HorizontalPodAutoscaler"})
		if err != nil || mp.Resource.Version != "v2" {
			return fmt.Errorf("%v %v", mp, err)
		}
		doc, err := cs.Discovery().OpenAPISchema()
		if err != nil || len(doc.Definitions.AdditionalProperties) < 500 {
			return fmt.Errorf("v2 %v", err)
		}
		root := openapi3.NewRoot(cs.Discovery().OpenAPIV3())
		gvs, err := root.GroupVersions()
		if err != nil {
			return err
		}
		for _, gv := range gvs {
			if _, err := root.GVSpec(gv); err != nil {
				return fmt.Errorf("%v: %w", gv, err)
			}
		}
		leg, err := discovery.NewDiscoveryClientForConfigOrDie(cfg).WithLegacy().ServerPreferredResources()
		if err != nil {
			return err
		}
		agg, _ := discovery.ServerPreferredResources(cs.Discovery())
		if len(leg) != len(agg) {
			return fmt.Errorf("legacy %d, aggregated %d", len(leg), len(agg))
		}
		return nil
	})

	check("metadata client: list, watch, delete collection", func() error {
		mc := metadata.NewForConfigOrDie(cfg)
		gvr := corev1.SchemeGroupVersion.WithResource("configmaps")
		w, err := mc.Resource(gvr).Namespace(ns).Watch(ctx, metav1.ListOptions{LabelSelector: "m=1"})
		if err != nil {
			return err
		}
		defer w.Stop()
		cs.CoreV1().ConfigMaps(ns).Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "meta", Labels: map[string]string{"m": "1"}}}, metav1.CreateOptions{})
		e := <-w.ResultChan()
		if p, ok := e.Object.(*metav1.PartialObjectMetadata); !ok || p.Name != "meta" {
			return fmt.Errorf("%#v", e)
		}
		lst, err := mc.Resource(gvr).Namespace(ns).List(ctx, metav1.ListOptions{LabelSelector: "m=1"})
		if err != nil || len(lst.Items) != 1 {
			return fmt.Errorf("%v %v", lst, err)
		}
		if _, err := mc.Resource(gvr).Namespace(ns).Patch(ctx, "meta", types.MergePatchType, []byte(`{"metadata":{"annotations":{"x":"y"}}}`), metav1.PatchOptions{}); err != nil {
			return err
		}
		return mc.Resource(gvr).Namespace(ns).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{LabelSelector: "m=1"})
	})

	check("dynamic client: create, apply, applystatus, unstructured lists", func() error {
		r := dyn.Resource(appsv1.SchemeGroupVersion.WithResource("deployments")).Namespace(ns)
		u := &unstructured.Unstructured{Object: map[string]any{"apiVersion": "apps/v1", "kind": "Deployment", "metadata": map[string]any{"name": "dyn"}, "spec": map[string]any{"replicas": int64(1), "selector": map[string]any{"matchLabels": map[string]any{"a": "b"}},
			"template": map[string]any{"metadata": map[string]any{"labels": map[string]any{"a": "b"}}, "spec": map[string]any{"containers": []any{map[string]any{"name": "c", "image": "registry.k8s.io/pause:3.10"}}}}}}}
		got, err := r.Apply(ctx, "dyn", u, metav1.ApplyOptions{FieldManager: "d"})
		if err != nil {
			return err
		}
		if n, _, _ := unstructured.NestedInt64(got.Object, "spec", "progressDeadlineSeconds"); n != 600 {
			return fmt.Errorf("%v", got)
		}
		_, err = r.Get(ctx, "dyn", metav1.GetOptions{}, "scale")
		return err
	})

	check("scale client", func() error {
		mm := restmapper.NewDeferredDiscoveryRESTMapper(memory.NewMemCacheClient(cs.Discovery()))
		sc, err := scale.NewForConfig(cfg, mm, dynamic.LegacyAPIPathResolverFunc, scale.NewDiscoveryScaleKindResolver(cs.Discovery()))
		if err != nil {
			return err
		}
		gr := schema.GroupResource{Group: "apps", Resource: "deployments"}
		if err := retry.RetryOnConflict(retry.DefaultRetry, func() error {
			s, err := sc.Scales(ns).Get(ctx, gr, "dyn", metav1.GetOptions{})
			if err != nil {
				return err
			}
			s.Spec.Replicas = 2
			_, err = sc.Scales(ns).Update(ctx, gr, s, metav1.UpdateOptions{})
			return err
		}); err != nil {
			return err
		}
		_, err = sc.Scales(ns).Patch(ctx, gr.WithVersion("v1"), "dyn", types.MergePatchType, []byte(`{"spec":{"replicas":1}}`), metav1.PatchOptions{})
		return err
	})

	check("wait for rollout: UntilWithSync and Until, RetryWatcher", func() error {
		lw := &cache.ListWatch{ListWithContextFunc: func(c context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", "ssa").String()
			return cs.AppsV1().Deployments(ns).List(c, o)
		}, WatchFuncWithContext: func(c context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = fields.OneTermEqualSelector("metadata.name", "ssa").String()
			return cs.AppsV1().Deployments(ns).Watch(c, o)
		}}
		c, stop := context.WithTimeout(ctx, 30*time.Second)
		defer stop()
		if _, err := watchtools.UntilWithSync(c, lw, &appsv1.Deployment{}, nil, func(e watch.Event) (bool, error) {
			d, ok := e.Object.(*appsv1.Deployment)
			return ok && d.Status.AvailableReplicas == 4 && d.Status.ObservedGeneration >= d.Generation, nil
		}); err != nil {
			return err
		}
		lst, err := cs.AppsV1().Deployments(ns).List(ctx, metav1.ListOptions{})
		if err != nil {
			return err
		}
		go func() {
			time.Sleep(200 * time.Millisecond)
			cs.AppsV1().Deployments(ns).Patch(ctx, "ssa", types.JSONPatchType, []byte(`[{"op":"replace","path":"/spec/replicas","value":1}]`), metav1.PatchOptions{})
		}()
		_, err = watchtools.Until(c, lst.ResourceVersion, lw, func(e watch.Event) (bool, error) {
			d, ok := e.Object.(*appsv1.Deployment)
			return ok && *d.Spec.Replicas == 1 && d.Status.Replicas == 1, nil
		})
		if err != nil {
			return err
		}
		rw, err := watchtools.NewRetryWatcherWithContext(c, lst.ResourceVersion, lw)
		if err != nil {
			return err
		}
		<-rw.ResultChan()
		rw.Stop()
		return nil
	})

	check("watch list: sendInitialEvents, bookmark annotation, protobuf and JSON", func() error {
		for _, k := range []*kubernetes.Clientset{cs, js} {
			yes := true
			c, stop := context.WithTimeout(ctx, 10*time.Second)
			w, err := k.CoreV1().ConfigMaps("").Watch(c, metav1.ListOptions{SendInitialEvents: &yes, AllowWatchBookmarks: true, ResourceVersionMatch: metav1.ResourceVersionMatchNotOlderThan})
			if err != nil {
				stop()
				return err
			}
			n := 0
			for e := range w.ResultChan() {
				if e.Type == watch.Bookmark {
					if m, _ := meta.Accessor(e.Object); m.GetAnnotations()[metav1.InitialEventsAnnotationKey] != "true" {
						stop()
						return errors.New("no annotation")
					}
					break
				}
				n++
			}
			w.Stop()
			stop()
			if n == 0 {
				return errors.New("no events")
			}
		}
		return nil
	})

	check("pager over 3 pages", func() error {
		n := 0
		p := pager.New(func(c context.Context, o metav1.ListOptions) (runtime.Object, error) {
			return cs.RbacV1().ClusterRoles().List(c, o)
		})
		p.PageSize = 25
		if err := p.EachListItem(ctx, metav1.ListOptions{}, func(runtime.Object) error { n++; return nil }); err != nil {
			return err
		}
		if n < 60 {
			return fmt.Errorf("%d", n)
		}
		return nil
	})

	check("event recorders: core and events.k8s.io, series", func() error {
		cm, _ := cs.CoreV1().ConfigMaps(ns).Get(ctx, "count", metav1.GetOptions{})
		b := record.NewBroadcaster()
		b.StartRecordingToSink(&typedSink{ns})
		r := b.NewRecorder(scheme.Scheme, corev1.EventSource{Component: "me"})
		for range 3 {
			r.Eventf(cm, corev1.EventTypeNormal, "Core", "said %d", 1)
		}
		eb := events.NewEventBroadcasterAdapter(cs)
		stop := make(chan struct{})
		defer close(stop)
		eb.StartRecordingToSink(stop)
		er := eb.NewRecorder("me.example.com")
		for range 3 {
			er.Eventf(cm, nil, corev1.EventTypeWarning, "New", "Doing", "said")
			time.Sleep(50 * time.Millisecond)
		}
		return wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 15*time.Second, true, func(c context.Context) (bool, error) {
			l, err := cs.CoreV1().Events(ns).List(c, metav1.ListOptions{FieldSelector: "involvedObject.name=count"})
			if err != nil {
				return false, err
			}
			n, _ := cs.EventsV1().Events(ns).List(c, metav1.ListOptions{FieldSelector: "regarding.name=count,reason=New"})
			core := false
			for _, e := range l.Items {
				core = core || e.Reason == "Core" && e.Count == 3
			}
			return core && len(n.Items) >= 1, nil
		})
	})

	check("a pod runs", func() error {
		if _, err := cs.CoreV1().Pods(ns).Create(ctx, pod("x", map[string]string{"app": "x"}), metav1.CreateOptions{}); err != nil {
			return err
		}
		if err := wait.PollUntilContextTimeout(ctx, 100*time.Millisecond, 20*time.Second, true, func(c context.Context) (bool, error) {
			p, err := cs.CoreV1().Pods(ns).Get(c, "x", metav1.GetOptions{})
			return err == nil && p.Status.Phase == corev1.PodRunning, nil
		}); err != nil {
			return err
		}
		return nil
	})

	check("drain with a budget", func() error {
		d := 0
		p, err := cs.CoreV1().Pods(ns).Get(ctx, "x", metav1.GetOptions{})
		if err != nil {
			return err
		}
		one := intstr.FromInt32(0)
		if _, err := cs.PolicyV1().PodDisruptionBudgets(ns).Create(ctx, &policyv1.PodDisruptionBudget{ObjectMeta: metav1.ObjectMeta{Name: "b"}, Spec: policyv1.PodDisruptionBudgetSpec{MaxUnavailable: &one, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "x"}}}}, metav1.CreateOptions{}); err != nil {
			return err
		}
		node, err := cs.CoreV1().Nodes().Get(ctx, p.Spec.NodeName, metav1.GetOptions{})
		if err != nil {
			return err
		}
		h := &drain.Helper{Ctx: ctx, Client: cs, Force: true, IgnoreAllDaemonSets: true, DeleteEmptyDirData: true, GracePeriodSeconds: 1, Timeout: 3 * time.Second, PodSelector: labels.SelectorFromSet(labels.Set{"app": "x"}).String(), Out: io.Discard, ErrOut: io.Discard, OnPodDeletedOrEvicted: func(*corev1.Pod, bool) { d++ }}
		if err := drain.RunCordonOrUncordon(h, node, true); err != nil {
			return err
		}
		defer drain.RunCordonOrUncordon(h, node, false)
		if err := drain.RunNodeDrain(h, node.Name); err == nil {
			return errors.New("the budget did not hold")
		}
		cs.PolicyV1().PodDisruptionBudgets(ns).Delete(ctx, "b", metav1.DeleteOptions{})
		h.Timeout = 20 * time.Second
		if err := drain.RunNodeDrain(h, node.Name); err != nil {
			return err
		}
		if d != 1 {
			return fmt.Errorf("%d gone", d)
		}
		return nil
	})

	check("tokens, self reviews, certificates", func() error {
		t, err := cs.CoreV1().ServiceAccounts(ns).CreateToken(ctx, "default", tokenRequest(), metav1.CreateOptions{})
		if err != nil {
			return err
		}
		c := rest.AnonymousClientConfig(cfg)
		c.BearerToken = t.Status.Token
		k := kubernetes.NewForConfigOrDie(c)
		if _, err := k.CoreV1().Secrets(ns).List(ctx, metav1.ListOptions{}); !apierrors.IsForbidden(err) {
			return fmt.Errorf("%v", err)
		}
		s, err := k.AuthenticationV1().SelfSubjectReviews().Create(ctx, selfReview(), metav1.CreateOptions{})
		if err != nil || s.Status.UserInfo.Username != "system:serviceaccount:"+ns+":default" {
			return fmt.Errorf("%v %v", s, err)
		}
		v, err := k.Discovery().ServerVersion()
		if err != nil {
			return err
		}
		j, _ := json.Marshal(v)
		fmt.Printf("     %s\n", j)
		return nil
	})
	defer cancel()
	if failed > 0 {
		cs.CoreV1().Namespaces().Delete(ctx, ns, metav1.DeleteOptions{})
		os.Exit(1)
	}
}
