/* inflate FILE: reads a gzip file through zlib into one buffer and drops it: zlib's own speed. */
#include <stdlib.h>
#include <zlib.h>

int main(int argc, char **argv)
{
	static unsigned char buffer[256 << 10];
	gzFile file = argc == 2 ? gzopen(argv[1], "rb") : NULL;
	int got;

	if (!file)
		return 2;
	gzbuffer(file, 256 << 10);
	while ((got = gzread(file, buffer, sizeof buffer)) > 0)
		;
	return got < 0 || gzclose(file) != Z_OK;
}
