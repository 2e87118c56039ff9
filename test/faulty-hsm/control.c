/* SPDX-License-Identifier: Apache-2.0
 *
 * The control file is text, replaced as a whole by a rename:
 *
 *   token present|removed REMOVALS
 *   gcm given|written-back|appended|prepended
 *   rule ID FUNCTION ACTION ARGUMENT TIMES EVERY
 *
 * The file of counters beside it (its name and ".hits") holds one 64-bit number per rule.
 */
#include "control.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { COUNTERS = 65536 };

static const char *const ACTIONS[] = {"count", "delay", "hang", "fail", "crash", "drop-session", "drop-sessions", "log-out"};
static const char *const NONCES[] = {"given", "written-back", "appended", "prepended"};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct control current;
static struct stat seen;
static uint64_t *hits;

static int index_in(const char *const *names, int count, const char *name) {
  for (int at = 0; at < count; at++)
    if (strcmp(names[at], name) == 0) return at;
  return 0;
}

static void parse(FILE *file) {
  struct control next = {0};
  char line[256], first[32], second[32], action[32];
  while (fgets(line, sizeof line, file) != NULL) {
    struct rule *rule = &next.rules[next.count];
    if (sscanf(line, "token %31s %lu", first, &next.removals) == 2) next.token_removed = strcmp(first, "removed") == 0;
    else if (sscanf(line, "gcm %31s", second) == 1) next.gcm_nonce = index_in(NONCES, 4, second);
    else if (next.count < MOST_RULES && sscanf(line, "rule %u %31s %31s %lu %lu %lu", &rule->id, rule->function, action,
                                               &rule->argument, &rule->times, &rule->every) == 6) {
      rule->action = index_in(ACTIONS, 8, action);
      next.count++;
    }
  }
  current = next;
}

static void map_counters(const char *path) {
  char name[4096];
  snprintf(name, sizeof name, "%s.hits", path);
  int file = open(name, O_RDWR | O_CREAT, 0600);
  if (file < 0 || ftruncate(file, COUNTERS * sizeof *hits) != 0) abort();
  hits = mmap(NULL, COUNTERS * sizeof *hits, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (hits == MAP_FAILED) abort();
}

void control_read(struct control *into) {
  const char *path = getenv("FAULTY_HSM_CONTROL");
  struct stat now;
  pthread_mutex_lock(&lock);
  if (path != NULL && hits == NULL) map_counters(path);
  if (path != NULL && stat(path, &now) == 0 && (now.st_ino != seen.st_ino || now.st_mtim.tv_sec != seen.st_mtim.tv_sec ||
                                                now.st_mtim.tv_nsec != seen.st_mtim.tv_nsec)) {
    FILE *file = fopen(path, "r");
    if (file != NULL) {
      parse(file);
      fclose(file);
      seen = now;
    }
  }
  *into = current;
  pthread_mutex_unlock(&lock);
}

int control_applies(const struct rule *rule, const char *function) {
  if (strcmp(rule->function, "*") != 0 && strcmp(rule->function, function) != 0) return 0;
  uint64_t *counter = &hits[rule->id % COUNTERS];
  uint64_t call = __atomic_fetch_add(counter, 1, __ATOMIC_SEQ_CST);
  if (rule->every > 1 && call % rule->every != rule->every - 1) return 0;
  return rule->times == 0 || call / (rule->every > 1 ? rule->every : 1) < rule->times;
}

int control_has(unsigned id) {
  struct control control;
  control_read(&control);
  for (int at = 0; at < control.count; at++)
    if (control.rules[at].id == id) return 1;
  return 0;
}
