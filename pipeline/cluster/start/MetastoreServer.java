import java.net.InetSocketAddress;
import java.net.URI;

import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.metastore.HiveMetaStore;
import org.apache.hadoop.hive.metastore.IHMSHandler;
import org.apache.hadoop.hive.metastore.TServerSocketKeepAlive;
import org.apache.hadoop.hive.metastore.TSetIpAddressProcessor;
import org.apache.thrift.protocol.TBinaryProtocol;
import org.apache.thrift.server.TThreadPoolServer;
import org.apache.thrift.transport.TServerSocket;
import org.apache.thrift.transport.TTransportFactory;

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
}
