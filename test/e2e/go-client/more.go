package main

import (
	authv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	autoscalingv1 "k8s.io/client-go/applyconfigurations/autoscaling/v1"
)

type autoscalingScale = autoscalingv1.ScaleApplyConfiguration

func scaleAC(ns, name string, n int32) *autoscalingScale {
	s := autoscalingv1.Scale().WithKind("Scale").WithAPIVersion("autoscaling/v1").WithName(name).WithNamespace(ns)
	return s.WithSpec(autoscalingv1.ScaleSpec().WithReplicas(n))
}
func tokenRequest() *authv1.TokenRequest {
	return &authv1.TokenRequest{Spec: authv1.TokenRequestSpec{ExpirationSeconds: func() *int64 { n := int64(600); return &n }()}}
}
func selfReview() *authv1.SelfSubjectReview { return &authv1.SelfSubjectReview{} }

type typedSink struct{ ns string }

func (s *typedSink) Create(e *corev1.Event) (*corev1.Event, error) {
	return cs.CoreV1().Events(s.ns).CreateWithEventNamespace(e)
}
func (s *typedSink) Update(e *corev1.Event) (*corev1.Event, error) {
	return cs.CoreV1().Events(s.ns).UpdateWithEventNamespace(e)
}
func (s *typedSink) Patch(e *corev1.Event, data []byte) (*corev1.Event, error) {
	return cs.CoreV1().Events(s.ns).PatchWithEventNamespace(e, data)
}
