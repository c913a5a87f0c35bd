package org.xenpv.benchmarks;

import io.netty.bootstrap.Bootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.FixedRecvByteBufAllocator;
import io.netty.channel.IoHandlerFactory;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.Epoll;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.DatagramChannel;
import io.netty.channel.socket.DatagramPacket;
import io.netty.channel.socket.nio.NioDatagramChannel;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.concurrent.TimeUnit;

/**
 * The same number of datagrams through Netty over UDP on the loopback interface: two channels, an event loop each, as many in flight
 * as a socket's buffer surely takes.
 */
final class NettyDatagrams implements AutoCloseable {

    /** How Netty talks to the kernel. */
    enum Transport {
        /** A system call per datagram, as java.nio has it. */
        NIO(NioDatagramChannel.class) {
            @Override
            IoHandlerFactory handlers() {
                return NioIoHandler.newFactory();
            }
        },
        /** Netty's own, sendmmsg and recvmmsg: many datagrams per system call. */
        EPOLL(EpollDatagramChannel.class) {
            @Override
            IoHandlerFactory handlers() {
                return EpollIoHandler.newFactory();
            }
        };

        private final Class<? extends DatagramChannel> channelClass;

        Transport(Class<? extends DatagramChannel> channelClass) {
            this.channelClass = channelClass;
        }

        abstract IoHandlerFactory handlers();

        /** Why it cannot be used here, or null. */
        String missing() {
            return this == NIO || Epoll.isAvailable()
                    ? null
                    : "netty's epoll: " + Epoll.unavailabilityCause().getMessage();
        }
    }

    /** In flight at most: well below the 200 KiB of a socket's buffer by the kernel's way of counting. */
    private static final int WINDOW = 128;

    private static final int DATAGRAMS_PER_CALL = 32;

    private final Arrivals arrivals = new Arrivals();
    private final EventLoopGroup senders;
    private final EventLoopGroup receivers;
    private final Channel sender;
    private final Channel receiver;
    private final ByteBuf datagram;
    private final Window window;

    NettyDatagrams(Transport transport, int datagramBytes) {
        senders = new MultiThreadIoEventLoopGroup(1, transport.handlers());
        receivers = new MultiThreadIoEventLoopGroup(1, transport.handlers());
        InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        receiver = bootstrap(transport, receivers, datagramBytes, new Counting())
                .bind(anyPort)
                .syncUninterruptibly()
                .channel();
        sender = bootstrap(transport, senders, datagramBytes, new ChannelInboundHandlerAdapter())
                .connect(receiver.localAddress(), anyPort)
                .syncUninterruptibly()
                .channel();
        datagram = sender.alloc().directBuffer(datagramBytes).writeZero(datagramBytes);
        window = new Window(arrivals, WINDOW, sender.eventLoop(), this::burst);
    }

    private static Bootstrap bootstrap(
            Transport transport, EventLoopGroup group, int datagramBytes, ChannelInboundHandlerAdapter handler) {
        Bootstrap bootstrap =
                new Bootstrap().group(group).channel(transport.channelClass).handler(handler);
        if (transport == Transport.EPOLL) {
            bootstrap.option(EpollChannelOption.MAX_DATAGRAM_PAYLOAD_SIZE, datagramBytes);
            bootstrap.option(
                    ChannelOption.RECVBUF_ALLOCATOR, new FixedRecvByteBufAllocator(datagramBytes * DATAGRAMS_PER_CALL));
        } else {
            bootstrap.option(
                    ChannelOption.RECVBUF_ALLOCATOR,
                    new FixedRecvByteBufAllocator(datagramBytes).maxMessagesPerRead(DATAGRAMS_PER_CALL));
        }
        return bootstrap;
    }

    /** Sends so many and waits until they have arrived. */
    void send(long count) {
        window.send(count);
    }

    private void burst(int count) {
        for (int i = 0; i < count; i++) {
            sender.write(datagram.retainedDuplicate(), sender.voidPromise());
        }
        sender.flush();
    }

    /** The far end. */
    private final class Counting extends ChannelInboundHandlerAdapter {

        @Override
        public void channelRead(ChannelHandlerContext context, Object message) {
            DatagramPacket packet = (DatagramPacket) message;
            arrivals.add(packet.content().readableBytes(), 0);
            packet.release();
        }

        @Override
        public void channelReadComplete(ChannelHandlerContext context) {
            arrivals.publish();
            window.arrived();
        }
    }

    @Override
    public void close() {
        sender.close().syncUninterruptibly();
        receiver.close().syncUninterruptibly();
        datagram.release();
        senders.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
        receivers.shutdownGracefully(0, 1, TimeUnit.SECONDS).syncUninterruptibly();
    }
}
