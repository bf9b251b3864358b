// Uploads with java.net.http: java Upload.java URL TYPE IMAGE DESCRIPTION
// Ticket and application token come by the environment.

import java.io.ByteArrayInputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.concurrent.TimeUnit;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

public class Upload {
    static final String NS = "http://www.superoffice.net/ws/crm/NetServer/Services86";
    static final String SOAP = "http://schemas.xmlsoap.org/soap/envelope/";
    static final long LIMIT_S = 3; // the start of the JVM comes on top of it

    public static void main(String[] given) {
        try {
            System.out.println(save(given[0], given[1], Path.of(given[2]), given[3]));
        } catch (Exception error) {
            System.err.println(error.getClass().getSimpleName());
            System.exit(1);
        }
        System.exit(0);
    }

    static int save(String url, String type, Path image, String description) throws Exception {
        String text = description.isEmpty() ? "" : element("Description", Files.readString(Path.of(description)));
        String token = System.getenv().getOrDefault("SOBLOB_TOKEN", "");
        String body = "<s:Envelope xmlns:s=\"" + SOAP + "\" xmlns:n=\"" + NS + "\"><s:Header>"
            + (token.isEmpty() ? "" : element("ApplicationToken", token))
            + "<n:Credentials>" + element("Ticket", System.getenv("SOBLOB_TICKET")) + "</n:Credentials></s:Header>"
            + "<s:Body><n:SaveImageStream>" + element("Type", type)
            + element("Image", Base64.getEncoder().encodeToString(Files.readAllBytes(image))) + text
            + "</n:SaveImageStream></s:Body></s:Envelope>";
        HttpRequest request = HttpRequest.newBuilder(URI.create(url))
            .timeout(Duration.ofSeconds(LIMIT_S))
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", "\"" + NS + "/BLOB/SaveImageStream\"")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
        HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
        HttpResponse<byte[]> answer = client.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
            .get(LIMIT_S, TimeUnit.SECONDS); // the time-out of the request ends with the head
        if (answer.statusCode() != 200 || !answer.headers().firstValue("Content-Type").orElse("").contains("xml")) {
            throw new IllegalStateException("HTTP " + answer.statusCode());
        }
        return read(answer.body());
    }

    static int read(byte[] answer) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        factory.setCoalescing(true);
        var builder = factory.newDocumentBuilder();
        builder.setErrorHandler(null);
        Element root = builder.parse(new ByteArrayInputStream(answer)).getDocumentElement();
        Element header = child(root, null, "Header");
        Element succeeded = header == null ? null : child(header, NS, "Succeeded");
        Element info = header == null ? null : child(header, NS, "ExceptionInfo");
        String said = succeeded == null ? "true" : succeeded.getTextContent().strip();
        if (!said.equals("true") && !said.equals("1") || info != null && info.getFirstChild() != null) {
            throw new IllegalStateException("the upload failed");
        }
        Element body = child(root, null, "Body");
        Element wrapper = child(body, NS, "SaveImageStreamResponse");
        for (Node one = body.getFirstChild(); one != null; one = one.getNextSibling()) {
            if (one instanceof Element && one != wrapper) {
                throw new IllegalStateException("another answer");
            }
        }
        int id = Integer.parseInt(child(wrapper, NS, "Response").getTextContent().strip());
        if (id <= 0) {
            throw new IllegalStateException("blob id " + id);
        }
        return id;
    }

    static Element child(Element parent, String namespace, String name) {
        for (Node one = parent.getFirstChild(); one != null; one = one.getNextSibling()) {
            boolean isMeant = namespace == null || namespace.equals(one.getNamespaceURI());
            if (one instanceof Element found && isMeant && name.equals(one.getLocalName())) {
                return found;
            }
        }
        return null;
    }

    static String element(String name, String text) {
        if (text.chars().anyMatch(one -> one < ' ' && one != '\t' && one != '\r' && one != '\n')) {
            throw new IllegalArgumentException("control characters");
        }
        String escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;");
        return "<n:" + name + ">" + escaped + "</n:" + name + ">";
    }
}
