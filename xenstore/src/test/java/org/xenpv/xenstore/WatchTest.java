package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.xenpv.fault.XenException;
import org.xenpv.fault.XenTimeoutException;
import org.xenpv.io.xs.XsMessageType;

class WatchTest extends ClientHarness {

    private final Fires fires = new Fires();

    @BeforeEach
    void open() {
        connect();
    }

    @Test
    void shouldFireOnceAtFirst_thenOnEachChange() {
        XenstoreWatch watch = store.watch("/a/state", fires);
        assertThat(watch.path()).isEqualTo("/a/state");
        Msg request = only(XsMessageType.WATCH);
        assertThat(request.strings().get(0)).isEqualTo("/a/state");
        assertThat(fires.paths).isEmpty();
        server.ok(request);
        server.event("/a/state", token(request));
        run();
        assertThat(fires.paths).as("the server's first event and ours are one").containsExactly("/a/state");
        server.event("/a/state/x", token(request));
        run();
        server.event("/a/state", token(request));
        run();
        assertThat(fires.paths).containsExactly("/a/state", "/a/state/x", "/a/state");
    }

    @Test
    void x20_shouldFireAtFirst_evenIfTheServersFirstEventIsLost() {
        watch("w", fires);
        assertThat(fires.paths).containsExactly("w");
    }

    @Test
    void shouldFireOnce_whenTheEventComesBeforeTheReply() {
        store.watch("w", fires);
        server.event("w", token(server.last()));
        run();
        server.ok(server.last());
        run();
        assertThat(fires.paths).containsExactly("w");
    }

    @Test
    void x19_shouldCoalesceAFlood_intoOneCallPerTurn() {
        watch("w", fires);
        String token = token(only(XsMessageType.WATCH));
        fires.paths.clear();
        for (int i = 0; i < 10_000; i++) {
            server.event("w/" + i, token);
        }
        domain.loop.runOnce();
        assertThat(fires.paths)
                .as("one call for all that one turn's budget took in")
                .hasSize(1);
        run();
        assertThat(store.stats().watchEvents()).isEqualTo(10_000);
        assertThat(fires.paths.size()).isLessThan(10_000 / 20);
        assertThat(fires.paths).last().isEqualTo("w/9999");
    }

    @Test
    void x19_shouldServeOthers_duringAFlood() {
        watch("w", fires);
        String token = token(only(XsMessageType.WATCH));
        Outcome<String> read = read("a");
        Msg asked = server.last();
        for (int i = 0; i < 10_000; i++) {
            server.event("w", token);
        }
        server.reply(asked, "v");
        domain.pass(TIMEOUT_NS - 1);
        assertThat(read.value()).isEqualTo("v");
    }

    @ParameterizedTest
    @CsvSource({"/w/x, /w/x", "/w, /w", "/wx, /w", "/other, /w", "/w/../x, /w", "'', /w", "w, /w"})
    void shouldNotBelieveAPath_thatIsNotBelowTheWatchedOne(String said, String told) {
        watch("/w", fires);
        fires.paths.clear();
        server.event(said, token(only(XsMessageType.WATCH)));
        run();
        assertThat(fires.paths).containsExactly(told);
    }

    @Test
    void shouldUnwatch_andStayQuiet() {
        XenstoreWatch watch = watch("w", fires);
        Msg request = only(XsMessageType.WATCH);
        fires.paths.clear();
        server.event("w", token(request));
        watch.cancel();
        watch.cancel();
        run();
        assertThat(only(XsMessageType.UNWATCH).text()).isEqualTo(request.text());
        server.error(server.last(), "ENOENT");
        server.event("w", token(request));
        run();
        assertThat(fires.paths).isEmpty();
        assertThat(fires.lost).isEmpty();
    }

    @Test
    void shouldNotFire_whenCancelledByAnotherHandlerOfTheSameTurn() {
        XenstoreWatch[] second = new XenstoreWatch[1];
        watch("a", changed -> {
            if (second[0] != null) {
                second[0].cancel();
            }
        });
        String first = token(server.last());
        second[0] = watch("b", fires);
        fires.paths.clear();
        server.event("a", first);
        server.event("b", token(server.last()));
        run();
        assertThat(fires.paths).isEmpty();
    }

    @Test
    void shouldUnwatch_whenCancelledBeforeTheReply() {
        XenstoreWatch watch = store.watch("w", fires);
        watch.cancel();
        run();
        assertThat(seen(XsMessageType.UNWATCH)).isEmpty();
        server.ok(server.last());
        run();
        assertThat(only(XsMessageType.UNWATCH).text())
                .isEqualTo(only(XsMessageType.WATCH).text());
        assertThat(fires.paths).isEmpty();
    }

    @Test
    void shouldTellThatItIsLost_whenTheServerRefuses() {
        store.watch("w", fires);
        server.error(server.last(), "EQUOTA");
        run();
        assertThat(fires.lost).hasSize(1);
        assertThat(fires.lost.get(0)).hasMessageContaining("EQUOTA").hasMessageContaining("watch w");
        assertThat(fires.paths).isEmpty();
        assertAlive();
    }

    /** The first to be told cancels the second, which was to be told as well. */
    @Test
    void shouldNotTellThatItIsLost_whenCancelledMeanwhile() {
        XenstoreWatch[] second = new XenstoreWatch[1];
        List<XenException> first = new ArrayList<>();
        store.watch("v", new XenstoreWatch.Handler() {
            @Override
            public void fired(String changed) {}

            @Override
            public void lost(XenException why) {
                first.add(why);
                second[0].cancel();
            }
        });
        second[0] = store.watch("w", fires);
        server.die("oops");
        run();
        assertThat(first).hasSize(1);
        assertThat(fires.lost).isEmpty();
    }

    @Test
    void shouldUnwatchLate_whenItCouldNotBeSentInTime() {
        XenstoreWatch watch = watch("w", fires);
        server.room = 0;
        watch.cancel();
        domain.pass(2 * TIMEOUT_NS);
        assertThat(seen(XsMessageType.UNWATCH)).isEmpty();
        server.room = Long.MAX_VALUE;
        server.attention();
        run();
        server.ok(only(XsMessageType.UNWATCH));
        run();
        assertThat(store.stats().inFlight()).isZero();
        assertAlive();
    }

    @Test
    void shouldUnwatch_whenRegisteredTooLate() {
        store.watch("w", fires);
        domain.pass(TIMEOUT_NS);
        assertThat(fires.lost).hasSize(1);
        assertThat(fires.lost.get(0)).isInstanceOf(XenTimeoutException.class);
        server.ok(server.last());
        run();
        assertThat(seen(XsMessageType.UNWATCH)).hasSize(1);
        server.ok(server.last());
        run();
        assertThat(fires.paths).isEmpty();
    }

    @Test
    void shouldHaveTokensOfItsOwn_perWatch() {
        watch("w", fires);
        watch("w", fires);
        assertThat(seen(XsMessageType.WATCH).stream().map(ClientHarness::token).distinct())
                .hasSize(2);
        assertThat(token(server.last())).matches("[0-9a-f]{1,8}");
    }

    @Test
    void shouldWatchSpecialPaths() {
        watch("@releaseDomain", fires);
        server.event("@releaseDomain/5", token(server.last()));
        run();
        assertThat(fires.paths).containsExactly("@releaseDomain", "@releaseDomain/5");
    }

    @Test
    void shouldNotTellLost_onOwnClose() {
        watch("w", fires);
        store.close();
        run();
        assertThat(fires.lost).isEmpty();
    }

    @Test
    void shouldKeepOtherWatchesGoing_whenAHandlerThrows() {
        watch("bad", changed -> {
            throw new IllegalStateException("handler");
        });
        watch("good", fires);
        assertThat(fires.paths).containsExactly("good");
        assertThat(domain.errors).hasSize(1);
        domain.errors.clear();
    }
}
