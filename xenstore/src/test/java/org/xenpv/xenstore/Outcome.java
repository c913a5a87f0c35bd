package org.xenpv.xenstore;

import static org.assertj.core.api.Assertions.assertThat;

import org.xenpv.fault.XenException;

/** A result that remembers what it was told, and that it was told once. */
final class Outcome<T> implements Result<T> {

    int times;
    T value;
    XenException error;

    @Override
    public void accept(T result, XenException failure) {
        times++;
        value = result;
        error = failure;
    }

    boolean isDone() {
        return times > 0;
    }

    T value() {
        assertThat(times).as("times told").isEqualTo(1);
        assertThat(error).isNull();
        return value;
    }

    XenException error() {
        assertThat(times).as("times told").isEqualTo(1);
        assertThat(error).as("error, not value " + value).isNotNull();
        return error;
    }

    void assertErrno(String errno) {
        assertThat(error()).isInstanceOf(XenstoreException.class);
        assertThat(((XenstoreException) error).error()).as(error.getMessage()).isEqualTo(errno);
    }
}
