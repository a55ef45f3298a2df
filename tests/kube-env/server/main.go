// Command kube-test-server is a Kubernetes control plane in one binary, for tests on machines without Docker.
//
// Its first argument says which program it is (etcd, kube-apiserver or kube-controller-manager) and the others are
// that program's own flags. Nothing of those programs is changed here: this file only dispatches to their main
// functions, so what tests see is what a released API server does.
package main

import (
	"fmt"
	"io"
	"os"

	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
)

const usage = `usage: kube-test-server [supervise] PROGRAM [FLAGS...]

PROGRAM is etcd, kube-apiserver or kube-controller-manager. With supervise, it ends as soon as standard input closes.
`

func main() {
	args := os.Args[1:]
	if len(args) > 0 && args[0] == "supervise" {
		args = args[1:]
		go exitWithParent()
	}
	if len(args) == 0 {
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	}
	// The programs read their flags from here, each as if it had been started under its own name.
	os.Args = args
	switch args[0] {
	case "etcd":
		etcdmain.Main(args)
	case "kube-apiserver":
		os.Exit(cli.Run(apiserver.NewAPIServerCommand()))
	case "kube-controller-manager":
		os.Exit(cli.Run(controllers.NewControllerManagerCommand()))
	default:
		fmt.Fprintf(os.Stderr, "unknown program %q\n%s", args[0], usage)
		os.Exit(2)
	}
}

// exitWithParent ends this process, without any shutting down, when standard input closes. Whoever started it holds
// the other end of that pipe, and the kernel closes it however that process ends, even by SIGKILL: so no server
// outlives the test that started it.
func exitWithParent() {
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
