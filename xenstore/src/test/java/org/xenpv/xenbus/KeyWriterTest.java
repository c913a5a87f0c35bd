package org.xenpv.xenbus;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.xenpv.fault.XenException;
import org.xenpv.xenstore.Result;
import org.xenpv.xenstore.XenstoreException;
import org.xenpv.xenstore.XenstoreOps;
import org.xenpv.xenstore.XenstorePermissions;

/** {@link KeySnapshot.Writer}: what is written below a directory, in which order, and when it is done. */
class KeyWriterTest {

    /** Answered by hand. */
    private static final class Asked implements XenstoreOps {
        final List<String> requests = new ArrayList<>();
        final List<Result<Void>> results = new ArrayList<>();

        @Override
        public void writeAll(Result<Void> result, String... pathsAndValues) {
            requests.add(String.join(" ", pathsAndValues));
            results.add(result);
        }

        @Override
        public void remove(String path, Result<Void> result) {
            requests.add("rm " + path);
            results.add(result);
        }

        @Override
        public void read(String path, Result<String> result) {
            throw new AssertionError(path);
        }

        @Override
        public void readAll(Result<String[]> result, String... paths) {
            throw new AssertionError();
        }

        @Override
        public void write(String path, String value, Result<Void> result) {
            throw new AssertionError(path);
        }

        @Override
        public void mkdir(String path, Result<Void> result) {
            throw new AssertionError(path);
        }

        @Override
        public void directory(String path, Result<List<String>> result) {
            throw new AssertionError(path);
        }

        @Override
        public void getPermissions(String path, Result<XenstorePermissions> result) {
            throw new AssertionError(path);
        }

        @Override
        public void setPermissions(String path, XenstorePermissions permissions, Result<Void> result) {
            throw new AssertionError(path);
        }
    }

    private final Asked tx = new Asked();
    private final List<XenException> done = new ArrayList<>();

    private void write(KeySnapshot.Writer keys) {
        keys.write(tx, "d", XenbusState.INITIALISED, (ok, error) -> done.add(error));
    }

    @Test
    void shouldRemoveFirstAndWriteTheStateLast() {
        write(new KeySnapshot.Writer().put("a", 1).remove("b").put("c", true));
        assertThat(tx.requests).containsExactly("rm d/b", "d/a 1 d/c 1 d/state 3");
    }

    /** Replies come in any order: a removal that fails last fails the whole as well. */
    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2})
    void shouldBeDoneWithTheError_whenEverythingIsAnswered(int failing) {
        write(new KeySnapshot.Writer().put("a", 1).remove("b").remove("c"));
        XenException error = new XenstoreException("EACCES", "test");
        for (int i = 2; i >= 0; i--) {
            assertThat(done).isEmpty();
            tx.results.get(i).accept(null, i == failing ? error : null);
        }
        assertThat(done).containsExactly(error);
    }

    @Test
    void shouldLetTheLaterCount_whenTwoAreWrittenAtOnce() {
        KeySnapshot.Writer first =
                new KeySnapshot.Writer().put("a", 1).put("b", 1).put("c", 1).remove("d");
        KeySnapshot.Writer later =
                new KeySnapshot.Writer().put("b", 2).remove("c").put("d", 2);
        write(first.and(later));
        assertThat(tx.requests).containsExactly("rm d/d", "rm d/c", "d/a 1 d/b 1 d/b 2 d/d 2 d/state 3");
    }
}
