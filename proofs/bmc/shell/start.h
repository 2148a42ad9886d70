/* start: what only the allocator's start asks for, which no harness makes. */
#ifndef BMC_START_H
#define BMC_START_H

#include <errno.h>
#include <pthread.h>

void os_start(void)
{
}
void os_choose_sandbox(enum os_sandbox wanted)
{
  (void)wanted;
}
bool os_sandboxed(void)
{
  return false;
}
void os_random_part(void)
{
}
void options_start(void)
{
}
void payload_start(void (*written)(uintptr_t block))
{
  (void)written;
}
bool tables_reserve(void)
{
  return true;
}
int pthread_key_create(pthread_key_t *key, void (*end)(void *))
{
  (void)key;
  (void)end;
  return 0;
}
int pthread_setspecific(pthread_key_t key, const void *value)
{
  (void)key;
  (void)value;
  return 0;
}
int pthread_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void))
{
  (void)prepare;
  (void)parent;
  (void)child;
  return 0;
}

#endif
