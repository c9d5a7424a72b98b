// An HTTPS server of Go's net/http: says who asks, and sends bodies back.
package main

import (
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"os"
)

func main() {
	address, chain, key, roots := os.Args[1], os.Args[2], os.Args[3], os.Args[4]
	pem, err := os.ReadFile(roots)
	if err != nil {
		log.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(pem)
	http.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) {
		if len(r.TLS.PeerCertificates) > 0 {
			io.WriteString(w, r.TLS.PeerCertificates[0].Subject.String())
		}
	})
	http.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			log.Print(err)
			return
		}
		w.Write(body)
	})
	server := http.Server{Addr: address, TLSConfig: &tls.Config{ClientAuth: tls.VerifyClientCertIfGiven, ClientCAs: pool}}
	log.Fatal(server.ListenAndServeTLS(chain, key))
}
