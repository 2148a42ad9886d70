/* region_server: a small HTTP server that gives each request a region.
 *
 * region_server [REQUESTS]: listens on a free port of the loopback interface,
 * prints the port, serves so many requests (or for ever), and prints what its
 * region took.  Whatever a request allocates, in whatever function, ends with
 * one call; nothing is freed one by one, and nothing is left for the next
 * request to see.
 */
#include <ashlar.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
  LINE_BYTES = 8192,
  MOST_HEADERS = 64
};

struct header {
  const char *name;
  const char *value;
  struct header *next;
};

struct request {
  ashlar_region *region;
  int connection;
  const char *method;
  const char *path;
  struct header *headers;
};

/* Called when the region ends, whichever way the request went. */
static void close_connection(void *connection)
{
  close((int)(intptr_t)connection);
}

/* Reads up to the empty line; NULL where the client goes away or says too much. */
static char *read_head(struct request *r)
{
  char *text = ashlar_region_calloc(r->region, 1, LINE_BYTES);
  size_t length = 0;
  while (text != NULL && length < LINE_BYTES - 1) {
    ssize_t got = read(r->connection, text + length, LINE_BYTES - 1 - length);
    if (got <= 0) {
      return NULL;
    }
    length += (size_t)got;
    if (strstr(text, "\r\n\r\n") != NULL) {
      return text;
    }
  }
  return NULL;
}

static bool parse(struct request *r, char *text)
{
  char *rest;
  char *line = strtok_r(text, "\r\n", &rest);
  char *word;
  r->method = line == NULL ? NULL : strtok_r(line, " ", &word);
  r->path = r->method == NULL ? NULL : strtok_r(NULL, " ", &word);
  for (int n = 0; n < MOST_HEADERS && (line = strtok_r(NULL, "\r\n", &rest)) != NULL; n++) {
    char *colon = strchr(line, ':');
    struct header *h = ashlar_region_alloc(r->region, sizeof *h);
    if (colon == NULL || h == NULL) {
      return false;
    }
    *colon = '\0';
    *h = (struct header){line, colon + 1 + strspn(colon + 1, " "), r->headers};
    r->headers = h;
  }
  return r->path != NULL;
}

static const char *header(const struct request *r, const char *name)
{
  for (const struct header *h = r->headers; h != NULL; h = h->next) {
    if (strcasecmp(h->name, name) == 0) {
      return h->value;
    }
  }
  return "nobody";
}

static void respond(const struct request *r, const char *status, const char *body)
{
  const char *all =
      body == NULL ? NULL
                   : ashlar_region_printf(r->region, "HTTP/1.0 %s\r\nContent-Length: %zu\r\n\r\n%s",
                                          status, strlen(body), body);
  for (size_t sent = 0, length = all == NULL ? 0 : strlen(all); sent < length;) {
    ssize_t n = send(r->connection, all + sent, length - sent, MSG_NOSIGNAL);
    if (n <= 0) {
      return;
    }
    sent += (size_t)n;
  }
}

static void serve(struct request *r)
{
  char *text = read_head(r);
  if (text == NULL || !parse(r, text)) {
    respond(r, "400 Bad Request", "what?\n");
  } else if (strcmp(r->method, "GET") != 0) {
    respond(r, "405 Method Not Allowed", "no\n");
  } else {
    respond(r, "200 OK",
            ashlar_region_printf(r->region, "%s asks for %s\n", header(r, "User-Agent"), r->path));
  }
}

static int listen_somewhere(void)
{
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  int server = socket(AF_INET, SOCK_STREAM, 0);
  if (server < 0 || bind(server, (struct sockaddr *)&address, sizeof address) != 0 ||
      listen(server, 16) != 0 || getsockname(server, (struct sockaddr *)&address, &length) != 0) {
    perror("region_server");
    exit(1);
  }
  printf("port %d\n", ntohs(address.sin_port));
  fflush(stdout);
  return server;
}

int main(int argc, char **argv)
{
  long left = argc > 1 ? strtol(argv[1], NULL, 10) : -1;
  struct ashlar_region_options options = {.limit = 1 << 20, .name = "request"};
  ashlar_region *region = ashlar_region_create(&options);
  int server = listen_somewhere();
  while (region != NULL && left != 0) {
    struct request r = {.region = region, .connection = accept(server, NULL, NULL)};
    if (r.connection < 0) {
      continue;
    }
    if (ashlar_region_cleanup(region, close_connection, (void *)(intptr_t)r.connection)) {
      serve(&r);
    } else {
      close(r.connection);
    }
    ashlar_region_reset(region);
    left -= left > 0 ? 1 : 0;
  }
  struct ashlar_region_statistics s;
  ashlar_region_stats(region, &s);
  printf("%llu requests, %llu bytes taken, %llu in use\n", (unsigned long long)s.resets,
         (unsigned long long)s.taken, (unsigned long long)s.used);
  ashlar_region_destroy(region);
  close(server);
  return 0;
}
