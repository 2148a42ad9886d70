/* The root generator: random bytes of the kernel's, asked for once.
 *
 * A program may give up the right to ask for more (a filter of system calls), so
 * all bytes after the start are the cipher's.  Each draw replaces the key by what
 * it cannot be computed back from.  No lock: of two draws at the same moment one
 * may leave no trace in the key; their numbers keep them apart. */
#include "os_internal.h"

#include "cipher.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum {
  OS_ROOT_WORDS = CIPHER_KEY_WORDS / 2 /* of 64 bits */
};

static struct {
  uint64_t key[OS_ROOT_WORDS];
  uint64_t draws;
  bool seeded;
} os_root;

/* Half of the key from the kernel's vector, which nobody else knows either; the
 * rest is where things stand, and the time where reading it is no system call. */
static void os_random_weak(uint64_t key[OS_ROOT_WORDS])
{
  const void *vector = os_pointer(getauxval(AT_RANDOM));
  if (vector != NULL) {
    memcpy(key, vector, 2 * sizeof *key);
  }
  key[2] = (uintptr_t)&key ^ (uint64_t)getauxval(AT_SYSINFO_EHDR) << 20;
  key[3] = (uintptr_t)&getauxval;
  struct timespec now = {0, 0};
  if (!os_sandboxed() && clock_gettime(CLOCK_MONOTONIC, &now) == 0) {
    key[3] ^= (uint64_t)now.tv_nsec << 20 ^ (uint64_t)now.tv_sec;
  }
}

/* Bytes of the kernel's; false, counted, where it gives none. */
static bool os_random_ask(uint64_t key[OS_ROOT_WORDS])
{
  unsigned char *at = (unsigned char *)key;
  size_t bytes = OS_ROOT_WORDS * sizeof *key;
  while (bytes > 0 && !os_sandboxed()) {
    /* By system call: getrandom is a cancellation point. */
    long got = os_request() ? syscall(SYS_getrandom, at, bytes, 0U) : -1;
    if (got > 0) {
      at += got;
      bytes -= (size_t)got;
    } else if (got == 0 || errno != EINTR) {
      break;
    }
  }
  if (bytes > 0) {
    os_count_failure(OS_RANDOM);
  }
  return bytes == 0;
}

static void os_random_mix_in(const uint64_t key[OS_ROOT_WORDS])
{
  for (int i = 0; i < OS_ROOT_WORDS; i++) {
    uint64_t word = __atomic_load_n(&os_root.key[i], __ATOMIC_RELAXED);
    __atomic_store_n(&os_root.key[i], word ^ key[i], __ATOMIC_RELAXED);
  }
}

void os_random_start(void)
{
  int saved = errno;
  uint64_t key[OS_ROOT_WORDS] = {0};
  if (!os_random_ask(key)) {
    os_random_weak(key);
  }
  os_random_mix_in(key);
  os_root.seeded = true;
  errno = saved;
}

/* The number by which the kernel knows this thread, as the C library noted it:
 * it writes the owner into a mutex that looks for errors.  No system call. */
static uint64_t os_random_thread(void)
{
  pthread_mutexattr_t looks_for_errors;
  pthread_mutex_t mutex;
  pthread_mutexattr_init(&looks_for_errors);
  pthread_mutexattr_settype(&looks_for_errors, PTHREAD_MUTEX_ERRORCHECK);
  pthread_mutex_init(&mutex, &looks_for_errors);
  pthread_mutex_lock(&mutex);
  uint64_t owner = (uint64_t)mutex.__data.__owner;
  pthread_mutex_unlock(&mutex);
  pthread_mutex_destroy(&mutex);
  return owner;
}

void os_random_part(void)
{
  int saved = errno;
  uint64_t key[OS_ROOT_WORDS] = {0};
  os_random_ask(key);
  key[0] ^= os_random_thread() << 32;
  os_random_mix_in(key);
  errno = saved;
}

/* One draw of the root: fills the stream, and replaces the key. */
static void os_random_stream(uint32_t stream[CIPHER_WORDS])
{
  union {
    uint64_t wide[OS_ROOT_WORDS];
    uint32_t word[CIPHER_KEY_WORDS];
  } key;
  for (int i = 0; i < OS_ROOT_WORDS; i++) {
    key.wide[i] = __atomic_load_n(&os_root.key[i], __ATOMIC_RELAXED);
  }
  key.wide[0] ^= __atomic_add_fetch(&os_root.draws, 1, __ATOMIC_RELAXED);
  cipher_stream(key.word, stream);
  memcpy(&key, stream, sizeof key);
  os_random_mix_in(key.wide);
}

void os_random(void *out, size_t bytes)
{
  unsigned char *at = out;
  if (!os_root.seeded) { /* before os_start */
    os_random_start();
  }
  uint32_t stream[CIPHER_WORDS];
  while (bytes > 0) {
    os_random_stream(stream);
    size_t most = sizeof stream - CIPHER_KEY_WORDS * sizeof *stream;
    size_t part = bytes < most ? bytes : most;
    memcpy(at, stream + CIPHER_KEY_WORDS, part);
    at += part;
    bytes -= part;
  }
  /* Nothing of it stays behind on the stack. */
  memset(stream, 0, sizeof stream);
  __asm__ volatile("" : : "r"(stream) : "memory");
}
