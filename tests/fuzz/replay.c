/* Runs a fuzz target once over each file given (and over each file of each folder given): a corpus as a plain
 * test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n_bytes);

static int n_files;

static void replay_file(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct stat s;
	if (!f || fstat(fileno(f), &s) || !S_ISREG(s.st_mode)) {
		fprintf(stderr, "replay: cannot read %s\n", path);
		exit(1);
	}
	uint8_t *bytes = malloc((size_t)s.st_size + 1);
	if (!bytes)
		exit(1);
	size_t n = fread(bytes, 1, (size_t)s.st_size, f);
	fclose(f);
	LLVMFuzzerTestOneInput(bytes, n);
	free(bytes);
	n_files++;
}

static void replay_folder(const char *path)
{
	DIR *d = opendir(path);
	struct dirent *entry;
	while (d && (entry = readdir(d)))
		if (entry->d_name[0] != '.') {
			char file[4096];
			snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
			replay_file(file);
		}
	if (d)
		closedir(d);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		struct stat s;
		if (!stat(argv[i], &s) && S_ISDIR(s.st_mode))
			replay_folder(argv[i]);
		else
			replay_file(argv[i]);
	}
	printf("%d inputs\n", n_files);
	return n_files ? 0 : 1;
}
