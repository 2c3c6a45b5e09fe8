"""The polynomial of nn_normal_tail in lib/tensor/math.h. Needs numpy and mpmath.

With u = |x| and s = (u - K) / (u + K), it approximates (u + K) exp(u^2 / 2) P(Z > u) on 0 <= u <= 15
with the least largest relative error: least squares at Chebyshev points, reweighted by its own
error until it is level (Lawson's algorithm). Prints the coefficients from s^0 on, and the error."""
import mpmath
import numpy

K, DEGREE, END, POINTS = 3.5, 9, 15.0, 400
mpmath.mp.dps = 40

last = (END - K) / (END + K)
s = numpy.cos(numpy.pi * (numpy.arange(POINTS) + 0.5) / POINTS) * (last + 1) / 2 + (last - 1) / 2
u = K * (1 + s) / (1 - s)
wanted = numpy.array([float((x + K) * mpmath.exp(mpmath.mpf(x) ** 2 / 2) *
                            mpmath.erfc(mpmath.mpf(x) / mpmath.sqrt(2)) / 2) for x in u])
powers = numpy.vander(s, DEGREE + 1, increasing=True)
weights = numpy.ones(POINTS)
for _ in range(300):
    scale = numpy.sqrt(weights) / wanted
    fit = numpy.linalg.lstsq(powers * scale[:, None], wanted * scale, rcond=None)[0]
    error = abs(powers @ fit / wanted - 1)
    weights *= error / numpy.sum(weights * error)
for c in fit:
    print("%.9g" % c)
print("error %.2g" % error.max())
