/* Forwards the three BLAS functions MLX calls to the prefixed names of scipy-openblas32. */
typedef int I;
#define REAL(P, T)                                                                                     \
    void scipy_cblas_##P##gemm(I, I, I, I, I, I, T, const T *, I, const T *, I, T, T *, I);            \
    void cblas_##P##gemm(I o, I ta, I tb, I m, I n, I k, T al, const T *a, I la, const T *b, I lb,     \
                         T be, T *c, I lc) {                                                           \
        scipy_cblas_##P##gemm(o, ta, tb, m, n, k, al, a, la, b, lb, be, c, lc);                        \
    }
REAL(s, float)
REAL(d, double)
void scipy_cblas_cgemm(I, I, I, I, I, I, const void *, const void *, I, const void *, I, const void *, void *, I);
void cblas_cgemm(I o, I ta, I tb, I m, I n, I k, const void *al, const void *a, I la, const void *b, I lb,
                 const void *be, void *c, I lc) {
    scipy_cblas_cgemm(o, ta, tb, m, n, k, al, a, la, b, lb, be, c, lc);
}
