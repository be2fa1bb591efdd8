#include "ecg/flac.h"

#include <FLAC/stream_decoder.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "common/die.h"
#include "common/library.h"

/* What is used of libFLAC: each name becomes a pointer of the function's own type. */
#define FUNCTIONS(F)                                                                                         \
	F(FLAC__stream_decoder_new)                                                                          \
	F(FLAC__stream_decoder_delete)                                                                       \
	F(FLAC__stream_decoder_set_md5_checking)                                                             \
	F(FLAC__stream_decoder_init_stream)                                                                  \
	F(FLAC__stream_decoder_process_single)                                                               \
	F(FLAC__stream_decoder_get_state)                                                                    \
	F(FLAC__stream_decoder_finish)

static struct {
	FUNCTIONS(LIBRARY_MEMBER)
} lib;

static pthread_once_t once = PTHREAD_ONCE_INIT;

/* The library that fits the headers: libtool's number, which differs between Debian's releases. */
static void load(void)
{
	char name[32];
	snprintf(name, sizeof name, "libFLAC.so.%d", FLAC_API_VERSION_CURRENT - FLAC_API_VERSION_AGE);
	void *library = library_open(name, "libFLAC");
#define FIND(name) library_find(library, "libFLAC", #name, &lib.name);
	FUNCTIONS(FIND)
}

struct stream {
	const struct flac_target *to;
	const char *file;
	const uint8_t *at;
	size_t n_left;
	uint64_t n_done; /* samples of each channel */
	bool is_wrong;	 /* e is filled */
	struct error *e;
};

/* The first fault is the one that is told. */
#define WRONG(s, ...)                                                                                        \
	do {                                                                                                 \
		if (!(s)->is_wrong)                                                                          \
			error_set((s)->e, (s)->file, 0, __VA_ARGS__);                                        \
		(s)->is_wrong = true;                                                                        \
	} while (0)

static FLAC__StreamDecoderReadStatus give(const FLAC__StreamDecoder *decoder, FLAC__byte *to, size_t *n,
					  void *data)
{
	struct stream *s = data;
	(void)decoder;
	if (*n > s->n_left)
		*n = s->n_left;
	if (!*n)
		return FLAC__STREAM_DECODER_READ_STATUS_END_OF_STREAM;
	memcpy(to, s->at, *n);
	s->at += *n;
	s->n_left -= *n;
	return FLAC__STREAM_DECODER_READ_STATUS_CONTINUE;
}

/* Whether a block is what the header of the record says; else the stream is wrong. */
static bool check_block(struct stream *s, const FLAC__FrameHeader *block)
{
	const struct flac_target *to = s->to;
	if (block->channels != (unsigned)to->n_channels)
		WRONG(s, "expected a FLAC stream of %d signals, found %u", to->n_channels, block->channels);
	else if (block->bits_per_sample > (unsigned)to->max_bits)
		WRONG(s, "expected samples of at most %d bits, found %u", to->max_bits,
		      block->bits_per_sample);
	else if (block->blocksize > to->skip + to->n - s->n_done)
		WRONG(s, "expected %llu samples per signal, found more",
		      (unsigned long long)(to->skip + to->n));
	return !s->is_wrong;
}

static FLAC__StreamDecoderWriteStatus take(const FLAC__StreamDecoder *decoder, const FLAC__Frame *block,
					   const FLAC__int32 *const channels[], void *data)
{
	struct stream *s = data;
	const struct flac_target *to = s->to;
	(void)decoder;
	if (!check_block(s, &block->header))
		return FLAC__STREAM_DECODER_WRITE_STATUS_ABORT;

	uint64_t n = block->header.blocksize;
	uint64_t from = s->n_done >= to->skip ? 0 : to->skip - s->n_done;
	for (int c = 0; c < to->n_channels; c++)
		for (uint64_t t = from; to->out[c] && t < n; t++)
			to->out[c][(s->n_done + t - to->skip) * to->stride] = channels[c][t];
	s->n_done += n;
	return FLAC__STREAM_DECODER_WRITE_STATUS_CONTINUE;
}

static void fault(const FLAC__StreamDecoder *decoder, FLAC__StreamDecoderErrorStatus status, void *data)
{
	struct stream *s = data;
	(void)decoder;
	(void)status;
	WRONG(s, "the FLAC stream is damaged after %llu samples", (unsigned long long)s->n_done);
}

/* To the end of the stream, or to its first fault. */
static void run(struct stream *s, FLAC__StreamDecoder *decoder)
{
	while (!s->is_wrong &&
	       lib.FLAC__stream_decoder_get_state(decoder) != FLAC__STREAM_DECODER_END_OF_STREAM)
		if (!lib.FLAC__stream_decoder_process_single(decoder))
			WRONG(s, "the FLAC stream cannot be decoded");

	/* Only now is the check sum of all samples looked at. */
	if (!lib.FLAC__stream_decoder_finish(decoder))
		WRONG(s, "the samples are not those that were compressed: the file is damaged");
	if (s->n_done != s->to->skip + s->to->n)
		WRONG(s, "expected %llu samples per signal, found %llu",
		      (unsigned long long)(s->to->skip + s->to->n), (unsigned long long)s->n_done);
}

int flac_decode(const struct flac_target *to, const char *file, const uint8_t *bytes, size_t n_bytes,
		struct error *e)
{
	struct stream s = {.to = to, .file = file, .at = bytes, .n_left = n_bytes, .e = e};
	if (n_bytes < 4 || memcmp(bytes, "fLaC", 4))
		return error_set(e, file, 0, "expected a FLAC stream, which begins with 'fLaC'");

	pthread_once(&once, load);
	FLAC__StreamDecoder *decoder = lib.FLAC__stream_decoder_new();
	if (!decoder)
		die("libFLAC: out of memory");
	lib.FLAC__stream_decoder_set_md5_checking(decoder, true);
	if (lib.FLAC__stream_decoder_init_stream(decoder, give, NULL, NULL, NULL, NULL, take, NULL, fault,
						 &s) != FLAC__STREAM_DECODER_INIT_STATUS_OK)
		die("libFLAC: a decoder cannot be started");
	run(&s, decoder);
	lib.FLAC__stream_decoder_delete(decoder);

	return s.is_wrong ? -1 : 0;
}
