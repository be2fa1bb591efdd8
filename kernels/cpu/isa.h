/*
 * Each file of this folder is compiled once per instruction set (CPU_ISA is scalar, avx2 or avx512;
 * scalar or neon on arm64); ISA(name) is the name of a function in the set being compiled:
 * ISA(gemm_run) is gemm_run_avx2.
 */
#ifndef KERNELS_CPU_ISA_H
#define KERNELS_CPU_ISA_H

#ifndef CPU_ISA
#define CPU_ISA scalar /* for tools that read one file alone */
#endif
#define ISA_PASTE_(name, isa) name##_##isa
#define ISA_PASTE(name, isa)  ISA_PASTE_(name, isa)
#define ISA(name)	      ISA_PASTE(name, CPU_ISA)

/* Vectors live in registers. The build says CPU_NEON: every compiler for arm64 has NEON, for
 * the scalar set too. */
#if defined __AVX2__ || defined CPU_NEON
#define HAS_VECTORS
#endif

/* Before a loop over an array that shall live in registers. Sanitizers make each unrolled access a branch:
 * minutes of compiling, unless clang is told not to unroll. */
#if defined __has_feature
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
#define UNROLL _Pragma("nounroll")
#elif !defined HAS_VECTORS || defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define UNROLL
#elif defined __clang__
#define UNROLL _Pragma("unroll")
#else
#define UNROLL _Pragma("GCC unroll 32")
#endif

#define INLINE static inline __attribute__((always_inline))

#endif
