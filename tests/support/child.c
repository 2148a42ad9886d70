/* child: the parent waits, and does nothing beside. */
#include "child.h"
#include "harness.h"

#include <sys/wait.h>
#include <unistd.h>

enum {
  PATIENCE_S = 60
};

void child_runs(void (*run)(int number), int number)
{
  pid_t pid = fork();
  CHECK(pid >= 0, "no process");
  if (pid == 0) {
    alarm(PATIENCE_S);
    run(number);
    _exit(0); /* without what the runner does at its end */
  }
  int status = 0;
  CHECK(waitpid(pid, &status, 0) == pid, "the child is lost");
  CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "number %d: status %#x", number, status);
}
