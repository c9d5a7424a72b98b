// A client or a server of Java's own TLS that sends lines back, for the tests.
// Arguments: client|server PORT ROOTS.pem OWN.p12|- VERSION GROUP|- TIMES

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

final class JavaPeer {
    private static final char[] PASSWORD = "secret".toCharArray();

    public static void main(String[] arguments) throws Exception {
        int port = Integer.parseInt(arguments[1]);
        String version = "TLSv" + arguments[4];
        if (!arguments[5].equals("-")) {
            System.setProperty("jdk.tls.namedGroups", arguments[5]);
        }
        SSLContext context = context(arguments[2], arguments[3]);
        if (arguments[0].equals("client")) {
            for (int i = 0; i < Integer.parseInt(arguments[6]); i++) {
                connect(context, port, version);
            }
        } else {
            serve(context, port, version, arguments.length > 7);
        }
    }

    private static SSLContext context(String roots, String own) throws Exception {
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        try (InputStream pem = new FileInputStream(roots)) {
            trusted.setCertificateEntry("root", CertificateFactory.getInstance("X.509").generateCertificate(pem));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        KeyManagerFactory keys = null;
        if (!own.equals("-")) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            try (InputStream file = new FileInputStream(own)) {
                store.load(file, PASSWORD);
            }
            keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, PASSWORD);
        }
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys == null ? null : keys.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void connect(SSLContext context, int port, String version) throws Exception {
        try (SSLSocket socket = (SSLSocket) context.getSocketFactory().createSocket("localhost", port)) {
            socket.setEnabledProtocols(new String[] {version});
            SSLParameters parameters = socket.getSSLParameters();
            parameters.setEndpointIdentificationAlgorithm("HTTPS");
            parameters.setApplicationProtocols(new String[] {"echo"});
            socket.setSSLParameters(parameters);
            long started = System.currentTimeMillis();
            socket.startHandshake();
            socket.getOutputStream().write("hello\n".getBytes(StandardCharsets.UTF_8));
            String line = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8)).readLine();
            describe(socket, socket.getSession().getCreationTime() < started);
            System.out.println("echo: " + line);
        }
    }

    private static void serve(SSLContext context, int port, String version, boolean asksForCertificate) throws Exception {
        SSLServerSocket listener = (SSLServerSocket) context.getServerSocketFactory().createServerSocket(port, 50, InetAddress.getLoopbackAddress());
        listener.setEnabledProtocols(new String[] {version});
        listener.setNeedClientAuth(asksForCertificate);
        while (true) {
            SSLSocket socket = (SSLSocket) listener.accept();
            new Thread(() -> answer(socket)).start();
        }
    }

    private static void answer(SSLSocket socket) {
        try (socket) {
            long started = System.currentTimeMillis();
            socket.startHandshake();
            describe(socket, socket.getSession().getCreationTime() < started);
            BufferedReader lines = new BufferedReader(new InputStreamReader(socket.getInputStream(), StandardCharsets.UTF_8));
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                socket.getOutputStream().write((line + "\n").getBytes(StandardCharsets.UTF_8));
            }
            System.out.println("end");
        } catch (IOException failure) {
            System.out.println("refused: " + failure);
        }
    }

    private static void describe(SSLSocket socket, boolean resumed) {
        System.out.printf("version=%s suite=%s resumed=%s alpn=%s%n", socket.getSession().getProtocol(), socket.getSession().getCipherSuite(), resumed, socket.getApplicationProtocol());
    }
}
