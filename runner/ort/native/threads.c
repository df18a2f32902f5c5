#define _GNU_SOURCE
#include "threads.h"

#include "shim.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { max_threads = 1024 };

typedef struct {
	pthread_mutex_t lock;
	int n;
	int ids[max_threads];
} list;

typedef struct {
	list *at;
	void (*worker)(void *);
	void *param;
	sem_t known;
} start;

void *ts_threads_new(void) {
	list *l = calloc(1, sizeof *l);
	if (l != NULL) pthread_mutex_init(&l->lock, NULL);
	return l;
}

void ts_threads_free(void *l) {
	if (l == NULL) return;
	pthread_mutex_destroy(&((list *)l)->lock);
	free(l);
}

static void *enter(void *p) {
	start *s = p;
	void (*worker)(void *) = s->worker;
	void *param = s->param;
	pthread_mutex_lock(&s->at->lock);
	if (s->at->n < max_threads) s->at->ids[s->at->n++] = (int)syscall(SYS_gettid);
	pthread_mutex_unlock(&s->at->lock);
	sem_post(&s->known); // s is the creator's again
	worker(param);
	return NULL;
}

// create is ONNX Runtime's OrtCustomCreateThreadFn; NULL says that it failed.
static void *create(void *l, void (*worker)(void *), void *param) {
	start s = {.at = l, .worker = worker, .param = param};
	pthread_t *t = malloc(sizeof *t);
	if (t == NULL) return NULL;
	sem_init(&s.known, 0, 0);
	if (pthread_create(t, NULL, enter, &s) != 0) {
		sem_destroy(&s.known);
		free(t);
		return NULL;
	}
	while (sem_wait(&s.known) != 0) {
	}
	sem_destroy(&s.known);
	return t;
}

static void join(const void *handle) {
	pthread_t *t = (pthread_t *)handle;
	pthread_join(*t, NULL);
	free(t);
}

char *ts_threads_use(void *options, void *l) { return ts_options_threads(options, create, join, l); }

int ts_threads_ids(void *p, int *ids, int max) {
	list *l = p;
	pthread_mutex_lock(&l->lock);
	int n = l->n;
	memcpy(ids, l->ids, sizeof(int) * (n < max ? n : max));
	pthread_mutex_unlock(&l->lock);
	return n;
}
