/* Is zstd with wasm32.patch safe, and does it give what stock zstd gives? For libFuzzer and its sanitizers, where size_t
 * has 32 bits: see fuzz.sh. Stock zstd is that of the routines built natively, a process: examples/routines.rs says how
 * to talk to it. Its executable is the file "routines" in the working directory.
 *
 * An input is a byte that says what to do, three bytes that are a number, and a frame to restore, or bytes to compress,
 * whose frame is restored whole and with one bit changed.
 */
#define ZSTD_STATIC_LINKING_ONLY
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zstd.h>

#define MAX_RAW (2 << 20)

enum { COMPRESS = 1, RESTORE = 2 };

static FILE *requests, *answers;

static void expect(int condition, const char* what)
{
    if (condition) return;
    fprintf(stderr, "not so: %s\n", what);
    abort();
}

int LLVMFuzzerInitialize(int* argc, char*** argv)
{
    int in[2], out[2];
    (void)argc; (void)argv;
    expect(!pipe(in) && !pipe(out), "there are pipes");
    if (fork() == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        close(in[1]);
        execl("./routines", "routines", (char*)NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    requests = fdopen(in[1], "wb");
    answers = fdopen(out[0], "rb");
    expect(requests && answers, "the pipes are open");
    return 0;
}

/* Asks stock zstd. Returns the length of its answer, a new block at *bytes, or less than 0. */
static int32_t ask(uint32_t routine, uint32_t parameter, const void* input, size_t size, void** bytes)
{
    uint32_t const header[3] = { routine, parameter, (uint32_t)size };
    int32_t length;
    fwrite(header, sizeof(header), 1, requests);
    fwrite(input, 1, size, requests);
    fflush(requests);
    expect(fread(&length, sizeof(length), 1, answers) == 1, "stock zstd answers");
    *bytes = malloc(length > 0 ? (size_t)length : 1);
    if (length > 0) expect(fread(*bytes, (size_t)length, 1, answers) == 1, "stock zstd answers");
    return length;
}

/* A copy of exactly that length, so that no byte beyond it is read unnoticed. */
static void* copy(const void* bytes, size_t size)
{
    void* const block = malloc(size ? size : 1);
    expect(block != NULL, "there is memory");
    if (size) memcpy(block, bytes, size);
    return block;
}

/* Restores as src/compress.rs does: exactly one frame of exactly raw_size bytes. */
static int accepts(void* raw, size_t raw_size, const void* frame, size_t size)
{
    return raw_size > 0 && ZSTD_findFrameCompressedSize(frame, size) == size
        && ZSTD_getFrameContentSize(frame, size) == raw_size
        && ZSTD_decompress(raw, raw_size, frame, size) == raw_size;
}

static void restore(const void* bytes, size_t size, size_t raw_size)
{
    void* const frame = copy(bytes, size);
    void* const raw = malloc(raw_size ? raw_size : 1);
    void* stock;
    int32_t const length = ask(RESTORE, (uint32_t)raw_size, frame, size, &stock);
    expect(raw != NULL, "there is memory");
    if (accepts(raw, raw_size, frame, size))
        expect(length == (int32_t)raw_size && !memcmp(raw, stock, raw_size), "stock zstd restores the same bytes");
    else
        expect(length < 0, "stock zstd refuses the frame as well");
    free(stock);
    free(raw);
    free(frame);
}

static void compress(const void* bytes, size_t size, int level, size_t flipped)
{
    size_t const bound = ZSTD_compressBound(size);
    void* const raw = copy(bytes, size);
    uint8_t* const frame = malloc(bound);
    size_t const length = ZSTD_compress(frame, bound, raw, size, level);
    void* stock;
    expect(!ZSTD_isError(length), "the bytes are compressed");
    expect(ask(COMPRESS, (uint32_t)level, raw, size, &stock) == (int32_t)length && !memcmp(frame, stock, length),
           "stock zstd makes the same frame");
    restore(frame, length, size);
    flipped %= length * 8;
    frame[flipped / 8] ^= (uint8_t)(1 << flipped % 8);
    restore(frame, length, size);
    free(stock);
    free(frame);
    free(raw);
}

int LLVMFuzzerTestOneInput(const uint8_t* input, size_t size)
{
    size_t number;
    if (size < 5) return 0;
    number = input[1] | (size_t)input[2] << 8 | (size_t)input[3] << 16;
    if (input[0] < 128)
        restore(input + 4, size - 4, number % (MAX_RAW + 1));
    else
        compress(input + 4, size - 4, input[0] % 19 + 1, number);
    return 0;
}
