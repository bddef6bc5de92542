// How fast Hyperscan finds the literals of the plain rules in the same posts that `cargo bench -p bowerbird-rules` uses: every one of them, also where
// they overlap; literals alone, without the word boundaries that a rule asks for, in posts that are in lower case before the time begins. So
// it is kinder to it than fair.
//
// matching POSTS LITERALS: files with one a line, lower-cased. Prints posts a second on one core and how long the compilation took.

#define _POSIX_C_SOURCE 200809L
#include <hs/hs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 5 };

struct lines {
    char **text;
    size_t *length;
    size_t count;
};

static double seconds(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void *grown(void *memory, size_t bytes) {
    void *more = realloc(memory, bytes);
    if (more == NULL) {
        fputs("matching: out of memory\n", stderr);
        exit(1);
    }
    return more;
}

static struct lines read_lines(const char *path) {
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    struct lines lines = {NULL, NULL, 0};
    size_t room = 0, size = 0;
    char *line = NULL;
    ssize_t length;
    while ((length = getline(&line, &size, file)) > 0) {
        if (line[length - 1] == '\n') line[--length] = '\0';
        if (length == 0) continue;
        if (lines.count == room) {
            room = room == 0 ? 1024 : 2 * room;
            lines.text = grown(lines.text, room * sizeof *lines.text);
            lines.length = grown(lines.length, room * sizeof *lines.length);
        }
        lines.text[lines.count] = strdup(line);
        lines.length[lines.count++] = (size_t)length;
    }
    free(line);
    fclose(file);
    return lines;
}

static int count(unsigned int id, unsigned long long from, unsigned long long to, unsigned int flags, void *total) {
    (void)id, (void)from, (void)to, (void)flags;
    ++*(unsigned long long *)total;
    return 0;
}

int main(int argc, char **argv) {
    if (argc != 3) {
        fputs("usage: matching POSTS LITERALS\n", stderr);
        return 2;
    }
    struct lines posts = read_lines(argv[1]), literals = read_lines(argv[2]);
    unsigned int *ids = grown(NULL, literals.count * sizeof *ids);
    unsigned int *flags = grown(NULL, literals.count * sizeof *flags);
    for (size_t at = 0; at < literals.count; at++) {
        ids[at] = (unsigned int)at;
        flags[at] = 0;
    }
    double started = seconds();
    hs_database_t *database = NULL;
    hs_compile_error_t *error = NULL;
    if (hs_compile_lit_multi((const char *const *)literals.text, flags, ids, literals.length, (unsigned int)literals.count,
                             HS_MODE_BLOCK, NULL, &database, &error) != HS_SUCCESS) {
        fprintf(stderr, "matching: %s\n", error->message);
        return 1;
    }
    double built = seconds() - started;
    size_t size = 0;
    hs_database_size(database, &size);
    hs_scratch_t *scratch = NULL;
    if (hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
        fputs("matching: no scratch space\n", stderr);
        return 1;
    }
    unsigned long long found = 0;
    double best = 0;
    for (int round = 0; round < ROUNDS; round++) {
        started = seconds();
        for (size_t at = 0; at < posts.count; at++)
            hs_scan(database, posts.text[at], (unsigned int)posts.length[at], 0, scratch, count, &found);
        double speed = (double)posts.count / (seconds() - started);
        if (speed > best) best = speed;
    }
    printf("hyperscan, literals %8zu: %9.0f posts/s; built in %.2f s; %zu MB; %.2f found a post\n", literals.count, best, built,
           size >> 20, (double)found / ROUNDS / (double)posts.count);
    return 0;
}
