/* Floats laid out so that deflate finds something in them, without loss. */
#ifndef NN_CODEC_PLANES_H
#define NN_CODEC_PLANES_H

#include <stddef.h>
#include <stdint.h>

/* The bits of each of n floats, XOR those of `base` (NULL: zeros), as four planes of n bytes: all low
 * bytes first. From step to step signs, exponents and high bits of parameters hardly change, so that
 * two of the planes become almost zero. The order within a plane is the floats'. */
void nn_planes_split(unsigned char *out, const float *values, const float *base, size_t n);
/* The same back; `values` may be `base`. */
void nn_planes_join(float *values, const unsigned char *planes, const float *base, size_t n);

#endif
