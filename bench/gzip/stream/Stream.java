import java.util.zip.GZIPOutputStream;

/** Compresses what it reads. */
class Stream {
    public static void main(String[] args) throws java.io.IOException {
        try (var out = new GZIPOutputStream(System.out)) {
            System.in.transferTo(out);
        }
    }
}
