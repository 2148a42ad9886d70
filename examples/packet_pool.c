/* packet_pool: threads that pass packets on, out of one object pool.
 *
 * packet_pool [PACKETS]: two receivers fill packets and put them into queues,
 * two workers take them out, look at them and give them back.  The pool is
 * fixed: when all packets are on their way, a receiver drops what comes in, as
 * a network card would; memory cannot grow, whatever the load.
 */
#include <ashlar.h>

#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  RECEIVERS = 2,
  WORKERS = 2,
  QUEUE = 256,
  POOL = 512,
  PAYLOAD = 200
};

struct packet {
  uint32_t length;
  uint32_t checksum;
  unsigned char payload[PAYLOAD];
};

/* Of one receiver and one worker. */
struct queue {
  struct packet *packet[QUEUE];
  size_t in, out;
  bool ended;
};

static ashlar_pool *pool;
static struct queue queues[RECEIVERS];
static uint64_t wanted = 100000;
static uint64_t received[RECEIVERS], dropped[RECEIVERS], good[WORKERS], bad[WORKERS];

static uint32_t sum(const unsigned char *bytes, uint32_t length)
{
  uint32_t s = 0;
  for (uint32_t i = 0; i < length; i++) {
    s = s * 31 + bytes[i];
  }
  return s;
}

static bool enqueue(struct queue *q, struct packet *p)
{
  size_t in = q->in;
  if (in - __atomic_load_n(&q->out, __ATOMIC_ACQUIRE) == QUEUE) {
    return false;
  }
  q->packet[in % QUEUE] = p;
  __atomic_store_n(&q->in, in + 1, __ATOMIC_RELEASE);
  return true;
}

static struct packet *dequeue(struct queue *q)
{
  size_t out = q->out;
  if (out == __atomic_load_n(&q->in, __ATOMIC_ACQUIRE)) {
    return NULL;
  }
  struct packet *p = q->packet[out % QUEUE];
  __atomic_store_n(&q->out, out + 1, __ATOMIC_RELEASE);
  return p;
}

static void *receive(void *which)
{
  size_t me = (size_t)(uintptr_t)which;
  uint32_t seed = (uint32_t)me + 1;
  while (received[me] + dropped[me] < wanted) {
    struct packet *p = ashlar_pool_alloc(pool);
    if (p == NULL) {
      dropped[me]++;
      sched_yield();
      continue;
    }
    seed = seed * 1103515245 + 12345;
    p->length = 1 + (seed >> 16) % PAYLOAD;
    memset(p->payload, (int)(seed >> 24), p->length);
    p->checksum = sum(p->payload, p->length);
    if (enqueue(&queues[me], p)) {
      received[me]++;
    } else {
      dropped[me]++;
      ashlar_pool_free(pool, p);
      sched_yield();
    }
  }
  __atomic_store_n(&queues[me].ended, true, __ATOMIC_RELEASE);
  return NULL;
}

static void *work(void *which)
{
  size_t me = (size_t)(uintptr_t)which;
  for (;;) {
    bool ended = __atomic_load_n(&queues[me].ended, __ATOMIC_ACQUIRE);
    struct packet *p = dequeue(&queues[me]);
    if (p == NULL) {
      if (ended) {
        return NULL;
      }
      sched_yield();
      continue;
    }
    bool sound = p->length <= PAYLOAD && sum(p->payload, p->length) == p->checksum;
    good[me] += sound;
    bad[me] += !sound;
    ashlar_pool_free(pool, p);
  }
}

int main(int argc, char **argv)
{
  if (argc > 1) {
    wanted = strtoull(argv[1], NULL, 10);
  }
  struct ashlar_pool_options options = {.object_size = sizeof(struct packet),
                                        .initial = POOL,
                                        .threads = ASHLAR_POOL_SHARED,
                                        .name = "packets"};
  pool = ashlar_pool_create(&options);
  pthread_t thread[RECEIVERS + WORKERS];
  for (uintptr_t i = 0; i < RECEIVERS; i++) {
    if (pool == NULL || pthread_create(&thread[i], NULL, receive, (void *)i) != 0 ||
        pthread_create(&thread[RECEIVERS + i], NULL, work, (void *)i) != 0) {
      perror("packet_pool");
      return 1;
    }
  }
  for (int i = 0; i < RECEIVERS + WORKERS; i++) {
    pthread_join(thread[i], NULL);
  }
  uint64_t in = received[0] + received[1];
  uint64_t out = good[0] + good[1];
  printf("%llu received, %llu dropped, %llu good, %llu bad\n", (unsigned long long)in,
         (unsigned long long)(dropped[0] + dropped[1]), (unsigned long long)out,
         (unsigned long long)(bad[0] + bad[1]));
  size_t leaked = ashlar_pool_destroy(pool);
  return in == out && bad[0] + bad[1] == 0 && leaked == 0 ? 0 : 1;
}
