/* The kernels as nvcc compiled them for all architectures, one image a file; made by the Makefile. */
#ifndef KERNELS_CUDA_IMAGES_H
#define KERNELS_CUDA_IMAGES_H

/* The bytes of a file, as image_<name>. */
#define IMAGE(name, file)                                                                                    \
	__asm__(".section .rodata\n.balign 64\n.hidden image_" #name "\n.global image_" #name                \
		"\nimage_" #name ": .incbin \"" file "\"\n.previous\n");                                     \
	extern const char image_##name[] __attribute__((visibility("hidden")));

/* name: of the source, "gemm" for gemm.c; NULL ends. */
struct image {
	const char *name;
	const void *code;
};
extern const struct image images[];

/* SHA-256 of the sources of this library, hex: the code identity of its kernels (docs/stages.md). */
extern const char images_code[];

#endif
