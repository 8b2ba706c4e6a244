import com.facebook.drift.server.DriftServer;
import com.facebook.presto.server.PrestoServer;
import com.google.inject.Injector;

/**
 * Presto's server without the two doors that it opens on every network address and has no setting for.
 *
 * Its HTTP server obeys node.bind-ip, and one node needs nothing else. Run from source by the compiler that Spark
 * carries (Janino), so that a JRE is enough.
 */
public class QuietPrestoServer extends PrestoServer {
    public static void main(String[] arguments) {
        // A JMX agent without a password, unless it believes that one runs already.
        System.setProperty("com.sun.management.jmxremote.port", "1");
        new QuietPrestoServer().run();
    }

    // Called at the end of the start: close the Thrift server, which tasks use only when told to.
    protected void startAssociatedProcesses(Injector injector) {
        super.startAssociatedProcesses(injector);
        ((DriftServer) injector.getInstance(DriftServer.class)).shutdown();
    }
}
