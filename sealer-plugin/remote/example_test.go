package remote_test

import (
	"context"
	"fmt"

	"github.com/sealift/sealift/sealer-plugin/remote"
)

func ExampleParseReference() {
	for _, s := range []string{"127.0.0.1:5000/kube:v2", "oci:/media/stick/images:v2", "docker-archive:saved.tar:busybox:1.36"} {
		ref, err := remote.ParseReference(s)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(ref.Transport, ref.Host, ref.Repository, ref.Path, ref.Name())
	}
	// Output:
	// registry 127.0.0.1:5000 kube  v2
	// oci   /media/stick/images v2
	// docker-archive   saved.tar busybox:1.36
}

func ExampleOpenSource() {
	ref, err := remote.ParseReference("oci:/no/such/directory:v2")
	if err != nil {
		fmt.Println(err)
		return
	}
	var meter remote.Meter
	_, err = remote.OpenSource(context.Background(), ref, remote.Options{Meter: &meter})
	fmt.Println(err)
	// Output: oci:/no/such/directory: open: directory not found
}
