package sealer

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"syscall"
)

// kubeadm is what the nodes of TestSealerRunCluster run by that name, which is this program. It plays a control plane
// by an API server, and a kubelet by an entry there.
func kubeadm(args []string) error {
	switch args[0] {
	case "init":
		return kubeadmInit()
	case "join":
		return kubeadmJoin()
	case "apiserver":
		return serveAPI()
	}
	return fmt.Errorf("kubeadm %s: not expected", args[0])
}

// bootstrap is what kubeadm init prints. Sealer takes from it what others need to join.
const bootstrap = `You can now join
  kubeadm join apiserver.cluster.local:6443 --token 9vr73a.a8uxyaju799qwdjv \
	--discovery-token-ca-cert-hash sha256:7c2e69131a36ae2a042a339b33381c6d0d43887e2de83720eff5359e26aec866 \
	--control-plane --certificate-key f8902e114ef118304e561c3ecd4d0b543adc226b7a07f675f56564185ffe0c07

Please note that the certificate-key gives access to cluster sensitive data, keep it secret!
`

// kubeadmInit leaves an API server behind.
func kubeadmInit() error {
	node, err := thisNode()
	if err != nil {
		return err
	}
	for collection, object := range map[string][]byte{
		"namespaces": []byte(`{"kind": "Namespace", "apiVersion": "v1", "metadata": {"name": "default"}}`),
		"nodes":      node,
	} {
		if _, err := objects.create(collection, object); err != nil {
			return err
		}
	}
	listener, err := net.Listen("tcp", ":6443")
	if err != nil {
		return err
	}
	file, err := listener.(*net.TCPListener).File()
	if err != nil {
		return err
	}
	server := exec.Command("/proc/self/exe", "apiserver")
	server.Args[0] = "kubeadm"
	server.ExtraFiles = []*os.File{file}
	server.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := server.Start(); err != nil {
		return err
	}
	fmt.Print(bootstrap)
	return nil
}

// serveAPI serves at file descriptor 3, with the certificate that sealer has made.
func serveAPI() error {
	listener, err := net.FileListener(os.NewFile(3, "listener"))
	if err != nil {
		return err
	}
	const pki = "/etc/kubernetes/pki/apiserver"
	return http.ServeTLS(listener, objects.handler(), pki+".crt", pki+".key")
}

// endpoint finds the API server in the configuration that sealer writes for those who join.
var endpoint = regexp.MustCompile(`apiServerEndpoint: (\S+)`)

// kubeadmJoin makes this node known.
func kubeadmJoin() error {
	config, err := os.ReadFile("/etc/kubernetes/kubeadm.yaml")
	if err != nil {
		return err
	}
	found := endpoint.FindSubmatch(config)
	if found == nil {
		return errors.New("kubeadm join: no endpoint in its configuration")
	}
	node, err := thisNode()
	if err != nil {
		return err
	}
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	response, err := client.Post("https://"+string(found[1])+"/api/v1/nodes", jsonType, bytes.NewReader(node))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("kubeadm join: %s", response.Status)
	}
	return nil
}

// thisNode is the object for this node, as a kubelet makes it.
func thisNode() ([]byte, error) {
	name, err := os.Hostname()
	if err != nil {
		return nil, err
	}
	card, err := net.InterfaceByName("eth0")
	if err != nil {
		return nil, err
	}
	addrs, err := card.Addrs()
	if err != nil {
		return nil, err
	}
	return json.Marshal(map[string]any{
		"kind": "Node", "apiVersion": "v1",
		"metadata": map[string]any{"name": name, "labels": map[string]string{"kubernetes.io/hostname": name}},
		"status": map[string]any{"addresses": []map[string]any{
			{"type": "InternalIP", "address": addrs[0].(*net.IPNet).IP.String()},
		}},
	})
}
