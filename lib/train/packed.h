/* Models and gradients on slow lines: without loss, in fewer bytes (codec/planes.h, deflated). A
 * frame of these has metadata `codec`, and means something to the two ends of one channel alone. */
#ifndef NN_TRAIN_PACKED_H
#define NN_TRAIN_PACKED_H

#include <stdbool.h>

#include "stream/writer.h"
#include "tensor/tensor.h"

#define NN_CODEC "codec"
#define NN_CODEC_PLANES "planes" /* of the numbers */
#define NN_CODEC_CHANGE "change" /* of their XOR with those of the model before on this channel */

/* When: as it pays, which a channel finds out by what its line carries; the result is the same. */
enum nn_packing { NN_PACK_AUTO, NN_PACK_ALWAYS, NN_PACK_NEVER };
extern const char *const nn_packing_names[]; /* by number, NULL-terminated */
/* Of a name: one of the above, the list's own pointer, or NULL: auto. */
enum nn_packing nn_packing_of(const char *name);

/* Does it pay to pack on a line that took `seconds` for so many bytes in one go? Both ends spend some
 * 20 ms a megabyte and save half of the bytes: below some 25 MB/s it does, with a reserve. Too few
 * bytes tell nothing. */
bool nn_packed_pays(uint64_t bytes, double seconds);

/* Is `bundle` such a one? */
bool nn_packed_is(const struct nn_bundle *bundle);
/* Writes `bundle` (F32) so. *base: the numbers that the other end has, of as many bytes, the
 * caller's to free; it becomes those of `bundle`. NULL itself: there are none, and none are kept. */
int nn_packed_write(struct nn_writer *writer, const struct nn_preamble *preamble,
	const struct nn_bundle *bundle, unsigned char **base, struct nn_error *err);
/* Turns what was read back into numbers. `base`: as the other end has them; NULL: none. NN_BAD if
 * they were packed otherwise. */
int nn_packed_open(struct nn_bundle *bundle, const struct nn_bundle *base, struct nn_error *err);

#endif
