import java.net.URL;
import java.nio.file.Files;
import java.nio.file.Paths;
import javax.xml.ws.Holder;
import javax.xml.ws.soap.SOAPFaultException;
import net.so.BLOB;
import net.so.BlobLinkTypeNamed;
import net.so.ObjectFactory;
import net.so.SoCredentialsNamed;
import net.so.WcfBLOBService;

/** A client that was generated from the vendor's WSDL and reads the endpoint's when it runs. */
public class Calls {
    public static void main(String[] given) throws Exception {
        BLOB port = new WcfBLOBService(new URL(given[0] + "?wsdl")).getPort(BLOB.class);
        SoCredentialsNamed credentials = new SoCredentialsNamed();
        credentials.setTicket(new ObjectFactory().createSoCredentialsNamedTicket("7T:jaxws=="));
        Holder<Boolean> succeeded = new Holder<>();
        Integer id = port.saveImageStream(
                BlobLinkTypeNamed.PERSON_IMAGE, Files.readAllBytes(Paths.get(given[1])), "Ida",
                null, credentials, new Holder<>(), new Holder<>(), new Holder<>(), succeeded);
        System.out.println(id + " " + succeeded.value);
        try {
            port.getProductImage(1, null, credentials,
                    new Holder<>(), new Holder<>(), new Holder<>(), new Holder<>());
        } catch (SOAPFaultException fault) {
            System.out.println(fault.getFault().getFaultCodeAsName().getLocalName());
        }
    }
}
