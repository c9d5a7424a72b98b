// A client or a server of Go's crypto/tls that sends lines back, for the tests.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
)

var (
	roots   = flag.String("roots", "", "PEM file of the authorities that the other end must come from")
	cert    = flag.String("cert", "", "PEM file of our own chain")
	key     = flag.String("key", "", "PEM file of our own key")
	version = flag.String("version", "1.3", "the one version of TLS to speak, 1.2 or 1.3")
	curve   = flag.Int("curve", 0, "the one group to offer, by its number")
	times   = flag.Int("times", 1, "how many connections a client makes, with one cache of sessions")
)

func main() {
	flag.Parse()
	config := &tls.Config{ServerName: "localhost", NextProtos: []string{"echo"}}
	config.MinVersion = map[string]uint16{"1.2": tls.VersionTLS12, "1.3": tls.VersionTLS13}[*version]
	config.MaxVersion = config.MinVersion
	if *curve != 0 {
		config.CurvePreferences = []tls.CurveID{tls.CurveID(*curve)}
	}
	if *cert != "" {
		pair, err := tls.LoadX509KeyPair(*cert, *key)
		check(err)
		config.Certificates = []tls.Certificate{pair}
	}
	if *roots != "" {
		pem, err := os.ReadFile(*roots)
		check(err)
		config.RootCAs = x509.NewCertPool()
		config.RootCAs.AppendCertsFromPEM(pem)
	}
	if flag.Arg(0) == "client" {
		config.ClientSessionCache = tls.NewLRUClientSessionCache(8)
		for i := 0; i < *times; i++ {
			connect(flag.Arg(1), config)
		}
	} else {
		if *roots != "" {
			config.ClientCAs = config.RootCAs
			config.ClientAuth = tls.RequireAndVerifyClientCert
		}
		serve(flag.Arg(1), config)
	}
}

func connect(address string, config *tls.Config) {
	connection, err := tls.Dial("tcp", address, config)
	check(err)
	fmt.Fprintln(connection, "hello")
	line, err := bufio.NewReader(connection).ReadString('\n')
	check(err)
	describe(connection)
	fmt.Print("echo: ", line)
	check(connection.Close())
}

func serve(address string, config *tls.Config) {
	listener, err := tls.Listen("tcp", address, config)
	check(err)
	for {
		connection, err := listener.Accept()
		check(err)
		go answer(connection.(*tls.Conn))
	}
}

func answer(connection *tls.Conn) {
	defer func(c net.Conn) { _ = c.Close() }(connection)
	if err := connection.Handshake(); err != nil {
		log.Print("refused: ", err)
		return
	}
	describe(connection)
	lines := bufio.NewScanner(connection)
	for lines.Scan() {
		fmt.Fprintln(connection, lines.Text())
	}
	fmt.Println("end:", lines.Err())
}

func describe(connection *tls.Conn) {
	state := connection.ConnectionState()
	fmt.Printf("version=%x suite=%s resumed=%v alpn=%s peer=%d\n", state.Version, tls.CipherSuiteName(state.CipherSuite), state.DidResume, state.NegotiatedProtocol, len(state.PeerCertificates))
}

func check(err error) {
	if err != nil {
		log.Fatal("failed: ", err)
	}
}
