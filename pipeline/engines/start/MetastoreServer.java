import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.URI;
import java.util.HashSet;
import java.util.Properties;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

import javax.jdo.PersistenceManager;

import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.IHMSHandler;
import org.apache.hadoop.hive.metastore.ObjectStore;
import org.apache.hadoop.hive.metastore.TServerSocketKeepAlive;
import org.apache.hadoop.hive.metastore.TSetIpAddressProcessor;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TTransportFactory;
import org.datanucleus.api.jdo.JDOPersistenceManagerFactory;
import org.datanucleus.store.schema.SchemaAwareStoreManager;

/**
 * Hive 2.3's metastore on one address.
 *
 * HiveMetaStore.main always listens on every network address of the machine and has no setting for it; this does what
 * it does, on the address of hive.metastore.uris. Run from source by the compiler that Spark carries (Janino), so that
 * a JRE is enough; hence no generics or lambdas here.
 */
public class MetastoreServer {
    public static void main(String[] arguments) throws Exception {
        HiveConf conf = new HiveConf(HiveMetaStore.class);
        URI uri = URI.create(conf.getVar(HiveConf.ConfVars.METASTOREURIS));
        if (!conf.getVar(HiveConf.ConfVars.METASTORECONNECTURLKEY).startsWith("jdbc:derby:")) {
            makeTables(conf);
        }

        HiveMetaStore.HMSHandler base = new HiveMetaStore.HMSHandler("coinlake", conf, false);
        IHMSHandler handler = HiveMetaStore.newRetryingHMSHandler(base, conf);

        TServerSocket socket = new TServerSocket(new InetSocketAddress(uri.getHost(), uri.getPort()));
        TThreadPoolServer.Args server = new TThreadPoolServer.Args(new TServerSocketKeepAlive(socket));
        server.processor(new TSetIpAddressProcessor(handler));
        server.transportFactory(new TTransportFactory());
        server.protocolFactory(new TBinaryProtocol.Factory());
        server.minWorkerThreads(conf.getIntVar(HiveConf.ConfVars.METASTORESERVERMINTHREADS));
        server.maxWorkerThreads(conf.getIntVar(HiveConf.ConfVars.METASTORESERVERMAXTHREADS));
        new TThreadPoolServer(server).serve();
    }

    /**
     * Make all tables that are not there yet, before anyone asks.
     *
     * Left to itself the metastore makes each table when it is first needed, within the caller's transaction. Two
     * callers then wait for each other for good, one in PostgreSQL and one in Java, which no deadlock detection sees.
     */
    private static void makeTables(HiveConf conf) throws Exception {
        ObjectStore store = new ObjectStore();
        store.setConf(conf);
        PersistenceManager manager = store.getPersistenceManager();
        JDOPersistenceManagerFactory factory = (JDOPersistenceManagerFactory) manager.getPersistenceManagerFactory();
        SchemaAwareStoreManager schema = (SchemaAwareStoreManager) factory.getNucleusContext().getStoreManager();
        schema.createSchemaForClasses(modelClasses(), new Properties());
        manager.close();
    }

    private static Set modelClasses() throws Exception {
        InputStream file = ObjectStore.class.getClassLoader().getResourceAsStream("package.jdo");
        Matcher stated = Pattern.compile("<class name=\"(\\w+)\"").matcher(new String(file.readAllBytes(), "UTF-8"));
        Set names = new HashSet();
        while (stated.find()) {
            names.add("org.apache.hadoop.hive.metastore.model." + stated.group(1));
        }
        return names;
    }
}
