/// The arithmetic of Unroll: one table of functions per dispatch target, chosen at run time.
///
/// Legend, for every contract below:
///   T steps, B rows of a step, N rows in all, I inputs, H hidden units, G gates, V lanes of a vector,
///   K length of a sum, P columns of a panel.
///
/// Elements are `float` in every table but the one named "double", where they are `double`: the same code
/// compiled as its own reference. Arrays are row-major. Pointers may not be null and outputs may not alias
/// inputs unless a contract says so. No function allocates, starts a thread, keeps state or reads beyond the
/// extents given to it. Loads and stores need no alignment; panels are faster when aligned to 64 bytes.
///
/// Each element of a result is the same, bit for bit, however its rows, columns or panels are split over calls.
#ifndef UNROLL_KERNELS_H
#define UNROLL_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// y = f(x), one element at a time, and their gradients from the saved value.
typedef enum {
  UNROLL_EXP,       ///< eˣ                dx = dy·y
  UNROLL_LOG,       ///< ln x              dx = dy / x     (saved: x)
  UNROLL_TANH,      ///< tanh x            dx = dy·(1 − y²)
  UNROLL_SIGMOID,   ///< 1 / (1 + e⁻ˣ)     dx = dy·y·(1 − y)
  UNROLL_RELU,      ///< max(0, x)         dx = dy where y > 0, else 0
  UNROLL_SOFTPLUS,  ///< ln(1 + eˣ)        dx = dy·σ(x)    (saved: x)
  UNROLL_ABS,       ///< |x|               dx = dy·sign x  (saved: x)
  UNROLL_SQUARE,    ///< x²                dx = dy·2x      (saved: x)
  UNROLL_SQRT,      ///< √x                dx = dy / (2y)
} unroll_unary;

typedef enum { UNROLL_ADD, UNROLL_SUB, UNROLL_MUL, UNROLL_DIV, UNROLL_MAX, UNROLL_MIN } unroll_binary;

typedef enum { UNROLL_ELMAN_TANH, UNROLL_ELMAN_RELU } unroll_elman;

/// The extents of one call of a recurrent step: rows `row0 ..< row1` of the step and hidden panels
/// `panel0 ..< panel1`, each of V units. A call writes these rows and units alone, but reads whole rows of
/// the previous state. Calls on disjoint parts of a step may run at the same time.
typedef struct {
  size_t row0, row1, panel0, panel1, hidden;
} unroll_part;

/// The input of a step that is multiplied by its weights within the step: gate panels of W [G·H, I] as those of
/// R, the bias [G·H] from which its sum starts, and x [B, I] in rows of x_row elements.
typedef struct {
  const void *panels, *bias, *x;
  size_t inputs, x_row;
} unroll_input;

/// The settings of a step of Adam; what the step's number decides is decided by the caller.
typedef struct {
  double scale;        ///< what the gradient is multiplied by first
  double decay;        ///< weight decay within the gradient: g·scale + decay·p
  double kept;         ///< what p is multiplied by: weight decay beside the gradient
  double step;         ///< the learning rate over 1 − β₁ᵗ
  double root_scale;   ///< 1 / √(1 − β₂ᵗ)
  double epsilon;
  double keep_first, take_first;    ///< β₁ and 1 − β₁
  double keep_second, take_second;  ///< β₂ and 1 − β₂
} unroll_adam;

/// The settings of a step of RMSProp.
typedef struct {
  double rate, scale, decay;  ///< the learning rate; scale and decay as for Adam
  double keep, take;          ///< α and 1 − α
  double epsilon, momentum;
} unroll_rmsprop;

/// Windows over pictures x [B, height, width, channels]: of kernel_height × kernel_width pixels, each stride_… after the
/// one before, the first pad_… before the first pixel; out_height × out_width of them on a picture, counted picture by
/// picture, row by row. A patch is what a window sees: [kernel_height, kernel_width, taken_channels], channels
/// first_channel ..< first_channel + taken_channels, zeros beyond the picture.
typedef struct {
  size_t height, width, channels, kernel_height, kernel_width, stride_height, stride_width, pad_height, pad_width;
  size_t out_height, out_width, first_channel, taken_channels;
} unroll_window;

typedef struct unroll_kernels {
  const char *name;       ///< "scalar", "avx2", "avx512", "neon" or "double"
  size_t element_bytes;   ///< 4, or 8 in the table "double"
  size_t lanes;           ///< V: units of a gate panel
  size_t panel_columns;   ///< P: columns of a product panel
  size_t tile_rows;       ///< rows of a product's tile; packed rows come in groups of this many

  // ---- Elementwise. In-place use (y == x, or the output equal to any one input) is allowed.
  void (*unary)(unroll_unary op, const void *x, void *y, size_t n);
  /// `saved` is y or x as the operation's line says. dx = gradient, or dx += gradient when accumulating.
  void (*unary_gradient)(unroll_unary op, const void *dy, const void *saved, void *dx, size_t n, bool accumulate);
  void (*binary)(unroll_binary op, const void *a, const void *b, void *y, size_t n);
  /// y = a·x + b for scalars a, b.
  void (*affine)(double a, double b, const void *x, void *y, size_t n);
  /// y += a·x.
  void (*add_scaled)(double a, const void *x, void *y, size_t n);
  /// y += a·b, elementwise.
  void (*add_product)(const void *a, const void *b, void *y, size_t n);
  /// y[r,c] = x[r,c] op v[c]; x and y have rows of x_row and y_row elements from start to start.
  void (*binary_row)(unroll_binary op, const void *x, size_t x_row, const void *v, void *y, size_t y_row, size_t rows, size_t columns);
  /// y[r,c] = x[r,c] op v[r].
  void (*binary_column)(unroll_binary op, const void *x, size_t x_row, const void *v, void *y, size_t y_row, size_t rows, size_t columns);

  // ---- Reductions. Long sums run in blocks whose partial sums are added in double.
  double (*sum)(const void *x, size_t n);
  double (*sum_of_squares)(const void *x, size_t n);  ///< in double throughout: no square of a float overflows it
  double (*dot)(const void *a, const void *b, size_t n);
  double (*maximum)(const void *x, size_t n);  ///< −∞ when n is 0; NaN when any element is
  bool (*all_finite)(const void *x, size_t n);
  /// y[c] = Σ_r x[r,c] (+ y[c] when accumulating), for columns column0 ..< column1.
  void (*column_sums)(const void *x, size_t x_row, size_t rows, size_t column0, size_t column1, void *y, bool accumulate);
  /// y[r] = Σ_c a[r,c]·b[r,c]; b may be null, meaning ones.
  void (*row_sums)(const void *a, size_t a_row, const void *b, size_t b_row, size_t rows, size_t columns, void *y);

  // ---- Rows of a table of `width` columns.
  /// y[r,·] = x[indices[r],·], zeros where the index is below 0.
  void (*gather_rows)(const void *x, const int32_t *indices, size_t rows, size_t width, void *y);
  /// y[place,·] = Σ x[order[u],·] over starts[r] ≤ u < starts[r + 1], one after the other (added to y when
  /// accumulating), for rows row0 ..< row1; place is places[r], or r where `places` is null. No place comes twice.
  void (*sum_rows)(const void *x, const int32_t *order, const int32_t *starts, size_t row0, size_t row1, size_t width, const int32_t *places, void *y, bool accumulate);

  // ---- Windows window0 ..< window1 over pictures. Whoever calls at the same time for gradients writes other pictures.
  /// Writes patches one after the other; `patches` points to the first.
  void (*patches)(const unroll_window *w, size_t window0, size_t window1, const void *x, void *patches);
  /// The opposite: adds patches to where they came from.
  void (*add_patches)(const unroll_window *w, size_t window0, size_t window1, const void *patches, void *x);
  /// y [windows, channels] gets the largest of each channel within a window, chosen the first place in the window that
  /// has it (row · kernel_width + column); the pixels beyond a picture do not count, of which no window has nothing
  /// else. All channels are taken. What is not a number is the largest.
  void (*max_pool)(const unroll_window *w, size_t window0, size_t window1, const void *x, void *y, int32_t *chosen);
  /// Adds dy to the chosen pixels of dx.
  void (*max_pool_gradient)(const unroll_window *w, size_t window0, size_t window1, const void *dy, const int32_t *chosen, void *dx);
  /// The mean over the pixels of each window that lie on the picture, and its gradient, which is added to dx.
  void (*mean_pool)(const unroll_window *w, size_t window0, size_t window1, const void *x, void *y);
  void (*mean_pool_gradient)(const unroll_window *w, size_t window0, size_t window1, const void *dy, void *dx);

  // ---- Softmax over each row; the maximum is taken off first. In-place use is allowed.
  void (*softmax)(const void *x, void *y, size_t rows, size_t columns);
  void (*log_softmax)(const void *x, void *y, size_t rows, size_t columns);
  /// dx = y ⊙ (dy − Σ dy⊙y) for y = softmax x.
  void (*softmax_gradient)(const void *dy, const void *y, void *dx, size_t rows, size_t columns);
  /// dx = dy − eʸ·Σ dy for y = log_softmax x.
  void (*log_softmax_gradient)(const void *dy, const void *y, void *dx, size_t rows, size_t columns);
  /// loss[r] = ln Σ e^x[r,·] − x[r, label[r]], the log-sum-exp kept in lse[r]; a label below 0 gives loss 0
  /// and one of `columns` or more gives NaN, and is not read.
  void (*cross_entropy)(const void *x, const int32_t *labels, size_t rows, size_t columns, void *loss, void *lse);
  /// dx[r,c] = weight[r]·(e^(x[r,c] − lse[r]) − [c = label[r]]); zeros where the label is below 0. dx may be x.
  void (*cross_entropy_gradient)(const void *x, const int32_t *labels, const void *lse, const void *weight, void *dx, size_t rows, size_t columns);

  // ---- Softmax and cross-entropy over scores [words, rows] with rows of x_row elements, a block of words at a time:
  // words first ..< first + `words` of a vocabulary for all `rows` of a text. Labels are words; those below 0 do not
  // count. Blocks may be done at the same time.
  /// x becomes e^(x + bias − most) with most[r] the block's maximum of row r, and sums[r] their sum; chosen[r] gets
  /// x + bias of the row's label where that is in the block. bias [words] may be null.
  void (*score_block)(void *x, size_t x_row, size_t words, size_t rows, const void *bias, const int32_t *labels, size_t first, void *most, void *sums, void *chosen);
  /// From most and sums [blocks, rows]: loss[r] = ln Σ e^x − chosen[r], 0 where the label is below 0, and
  /// factors[block, r] = e^(most[block, r] − ln Σ e^x), which makes probabilities of a block's exponentials. factors
  /// may be most.
  void (*score_losses)(const void *most, const void *sums, size_t blocks, size_t rows, const int32_t *labels, const void *chosen, void *loss, void *factors);
  /// x, as score_block left it, becomes weight[r]·(x·factors[r] − [the row's label]), zeros where the weight is 0, and
  /// sums[word] its sum over the rows. A row whose label is below 0 has weight 0.
  void (*score_gradient)(void *x, size_t x_row, size_t words, size_t rows, const void *factors, const void *weight, const int32_t *labels, size_t first, void *sums);

  // ---- Layer normalisation over each row (Ba et al. 2016): y = (x − μ)/√(σ² + ε) ⊙ gain + bias.
  /// normalized [rows, columns] and inverse_deviation [rows] are kept for the gradient; bias may be null.
  void (*layer_norm)(const void *x, const void *gain, const void *bias, double epsilon, void *y, void *normalized, void *inverse_deviation, size_t rows, size_t columns);
  /// dx of the same. The gradients of gain and bias are column sums of dy⊙normalized and dy.
  void (*layer_norm_gradient)(const void *dy, const void *gain, const void *normalized, const void *inverse_deviation, void *dx, size_t rows, size_t columns);

  // ---- Steps of optimizers, in place. g is multiplied by `scale` first, and decay·p is added to it.
  /// p −= rate·g.
  void (*sgd)(double rate, double scale, double decay, const void *g, void *p, size_t n);
  /// v = momentum·v + g,  p −= rate·v, or rate·(g + momentum·v) in the form of Nesterov.
  void (*sgd_momentum)(double rate, double scale, double decay, double momentum, bool nesterov, const void *g, void *v, void *p, size_t n);
  /// m = β₁·m + (1 − β₁)·g,  s = β₂·s + (1 − β₂)·g²,  p = kept·p − step·m / (√s·root_scale + ε).
  void (*adam)(const unroll_adam *settings, const void *g, void *m, void *s, void *p, size_t n);
  /// s = α·s + (1 − α)·g²,  d = g / (√s + ε),  v = momentum·v + d,  p −= rate·v; v may be null: p −= rate·d.
  void (*rmsprop)(const unroll_rmsprop *settings, const void *g, void *s, void *v, void *p, size_t n);

  // ---- Dropout.
  /// y[i] = 0 where the 32 bits that `seed` gives to element start + i are below `threshold`, else kept·x[i], or
  /// kept where x is null; y may be x. `start` is a multiple of 16. The same elements in every table.
  void (*dropout)(uint64_t seed, uint64_t threshold, double kept, uint64_t start, const void *x, void *y, size_t n);

  // ---- Attention of one query over the rows of one sequence: S steps, A features.
  /// y[c] = Σ_r w[r]·x[r,c].
  void (*weighted_sum)(const void *w, const void *x, size_t x_row, size_t rows, size_t columns, void *y);
  /// y[r,c] += scale·a[r]·b[c].
  void (*add_outer)(double scale, const void *a, const void *b, size_t rows, size_t columns, void *y, size_t y_row);
  /// score[s] = Σ_i v[i]·tanh(keys[s,i] + query[i] + covered[s]·slope[i]); covered [S] and slope [A] may both be null.
  void (*additive_scores)(const void *keys, const void *query, const void *v, const void *covered, const void *slope, size_t steps, size_t features, void *scores);
  /// Its gradients: dkeys += (may be null); dquery, dv, dslope and dcovered are written, the last two where covered
  /// is not null.
  void (*additive_gradient)(const void *keys, const void *query, const void *v, const void *covered, const void *slope, const void *dscores, size_t steps, size_t features, void *dkeys, void *dquery, void *dv, void *dslope, void *dcovered);

  // ---- Linear-chain conditional random field of one sequence: T steps, L tags. Step t reads row rows[t] of
  // emissions [·, L]; transitions [L, L] from a tag to the next; start, end [L]. Impossible is a large negative number.
  /// ln Z, less the score of the labels where these are not null. forward [T, L] gets the logarithms of the forward
  /// sums, the largest of a step taken off and kept in shifts [T].
  double (*crf_forward)(size_t steps, size_t tags, const int32_t *rows, const void *emissions, const void *transitions, const void *start, const void *end, const int32_t *labels, void *forward, double *shifts);
  /// weight times the gradient of crf_forward: writes the rows of demissions, adds to dtransitions, dstart and dend.
  /// Without labels, demissions are the chances of each tag at each step. scratch: 3·L elements.
  void (*crf_gradient)(size_t steps, size_t tags, const int32_t *rows, const void *emissions, const void *transitions, const void *end, const int32_t *labels, const void *forward, const double *shifts, double weight, void *demissions, void *dtransitions, void *dstart, void *dend, void *scratch);

  // ---- Connectionist temporal classification of one sequence: T steps, K classes, L labels, each a class and none the
  // blank. Step t reads row rows[t] of logits [·, K]. Sums of paths are logarithms and doubles in every table.
  /// ln p(labels), −∞ when no path of T steps spells them. With occupancy [T, L + 1], that gets the chance of the blank
  /// and of each label at each step, and log_sums [T] the logits' ln Σ eˣ; both stay unset when the result is −∞, and
  /// both are null together. scratch: T + 6·P + 2·P·(T, or 1 without occupancy) doubles, P = 8·⌈(L + 1)/8⌉ + 8.
  double (*ctc_forward)(size_t steps, size_t labels, const int32_t *rows, size_t classes, const int32_t *symbols, int32_t blank, const void *logits, double *scratch, void *log_sums, void *occupancy);
  /// Writes weight times the gradient of −ln p(labels) into the sequence's rows of dlogits, which may be logits.
  void (*ctc_gradient)(size_t steps, size_t labels, const int32_t *rows, size_t classes, const int32_t *symbols, int32_t blank, const void *logits, const void *log_sums, const void *occupancy, double weight, void *dlogits);

  // ---- Products.
  /// Number of elements of the packed form of a K × n matrix in panels of `width` columns: ⌈n/width⌉·K·width.
  /// Packs b (element (p, j) at b + p·b_k + j·b_n) into [panel][K][width], zeros beyond n. Panels panel0 ..< panel1.
  void (*pack)(size_t width, size_t panel0, size_t panel1, size_t n, size_t k, const void *b, size_t b_k, size_t b_n, void *packed);
  /// C[m,n] = A[m,K]·B[K,n] (+ row bias [n] if not null) (+ C if accumulating) for row tiles tile0 ..< tile1 of
  /// `tile_rows` rows and panels panel0 ..< panel1 of `panel_columns` columns. Element (i, p) of tile t of A is at
  /// a + t·a_tile + i·a_row + p·a_column: row-major A has (tile_rows·lda, lda, 1), packed rows (tile_rows·K, 1,
  /// tile_rows). K may be 0.
  void (*product)(size_t tile0, size_t tile1, size_t panel0, size_t panel1, size_t m, size_t n, size_t k, const void *a, size_t a_tile, size_t a_row, size_t a_column, const void *panels, const void *bias, void *c, size_t c_row, bool accumulate);
  /// Packs w [G·H, K] (rows of w_row elements) into gate panels [⌈H/V⌉][K][G][V], zeros beyond H. Panels panel0 ..< panel1.
  void (*pack_gates)(size_t panel0, size_t panel1, size_t gates, size_t hidden, size_t k, const void *w, size_t w_row, void *packed);

  // ---- Recurrent steps. h_prev, c_prev [B,H]; c, h [B,H]. Weights are gate panels of R [G·H, H]. What the input
  // adds comes in one of two forms that give the same bits: `x` [B, G·H] holds W x + b, or, where x is null, `input`
  // says how to find it. What the gradient needs is kept in `gates` or `saved`.

  /// h = f(x + R h₋), written to h.
  void (*elman)(unroll_part part, unroll_elman activation, const unroll_input *input, const void *r, const void *x, const void *h_prev, void *h);
  /// Gate order i,f,g,o; gates [B,4H] gets the activated gates and may be x, or null: not kept. c may be c_prev.
  /// peephole [3,H] (for i, f, o) may be null. i, f see c₋; o sees the new c:  c = f⊙c₋ + i⊙g,  h = o⊙tanh c.
  void (*lstm)(unroll_part part, const unroll_input *input, const void *r, const void *peephole, const void *x, void *gates, const void *h_prev, const void *c_prev, void *c, void *h);
  /// Gate order r,z,n. saved [B,4H] gets r, z, q, n with q = R_n h₋ + b_n (bias [H]), or is null: not kept.
  /// n = tanh(x_n + r⊙q),  h = (1−z)⊙n + z⊙h₋.
  void (*gru_reset_after)(unroll_part part, const unroll_input *input, const void *r, const void *bias, const void *x, void *saved, const void *h_prev, void *h);
  /// Reset-before, first half: saved [B,4H] gets r, z and, in its third quarter, r⊙h₋. r and the input's panels hold
  /// gates r and z (G = 2); x is [B,3H] all the same.
  void (*gru_reset_before_gates)(unroll_part part, const unroll_input *input, const void *r, const void *x, void *saved, const void *h_prev);
  /// Second half, after every unit of r⊙h₋ is there: n = tanh(x_n + R_n(r⊙h₋)) into the fourth quarter of saved,
  /// h = (1−z)⊙n + z⊙h₋. r_n and the input's panels and bias hold gate n (G = 1).
  void (*gru_reset_before_state)(unroll_part part, const unroll_input *input, const void *r_n, const void *x, void *saved, const void *h_prev, void *h);

  // ---- Their gradients, one step. `part` counts panels of P = panel_columns units here. The gradient that
  // reaches h of this step is
  //     dh = dnext·R (rows below rows_next only) + carry + dout,
  // where dnext [B, next_row] holds the gate gradients of the following step, R is given as product panels of its
  // transpose use (K = G·H rows, n = H columns), carry [B,H] is what reaches h otherwise (in: from the final state
  // or the following step; out: to h₋ of this step), and dout [B,H] may be null. Each overwrites its saved gates
  // with the gradients before activation.

  /// h is the step's output; dgates [B,H] is written. carry becomes 0.
  void (*elman_gradient)(unroll_part part, unroll_elman activation, const void *r, const void *dnext, size_t rows_next, const void *dout, void *carry, const void *h, void *dgates);
  /// dc [B,H]: in: what reaches c of this step; out: what reaches c₋. carry becomes 0.
  void (*lstm_gradient)(unroll_part part, const void *r, const void *peephole, const void *dnext, size_t rows_next, const void *dout, void *carry, void *dc, const void *c_prev, const void *c, void *gates);
  /// saved [B,4H] becomes dr, dz, dq, dn: the first three are the gradients of R h₋ + b, and (dr, dz, dn) those of x.
  /// dnext is the following step's saved (row of 4H elements, the sum runs over its first 3H). carry becomes dh⊙z.
  void (*gru_reset_after_gradient)(unroll_part part, const void *r, const void *dnext, size_t rows_next, const void *dout, void *carry, const void *h_prev, void *saved);
  /// First half: r: product panels of R_r, R_z (K = 2H); dnext's first 2H are summed over. Writes dz and dn (before
  /// activation) into the second and fourth quarters of saved; the first and third stay. carry becomes dh⊙z.
  void (*gru_reset_before_state_gradient)(unroll_part part, const void *r, const void *dnext, size_t rows_next, const void *dout, void *carry, const void *h_prev, void *saved);
  /// Second half, after every unit of dn is there: r_n: product panels of R_n (K = H). d(r⊙h₋) = dn·R_n;
  /// dr goes to the first quarter, r⊙h₋ stays in the third; carry += d(r⊙h₋)⊙r. `rows` of the part are all of the step's.
  void (*gru_reset_before_gates_gradient)(unroll_part part, const void *r_n, void *carry, const void *h_prev, void *saved);
} unroll_kernels;

/// The table of a target by name, or null when it was not built or this processor or its system lacks it.
const unroll_kernels *unroll_kernels_named(const char *name);

/// The fastest single-precision table of this processor.
const unroll_kernels *unroll_kernels_best(void);

/// Sets this thread's processor flags so that denormal numbers count as zero, in and out, and returns the flags
/// from before; a no-op where there are none.
uint64_t unroll_flush_denormals(void);

/// Gives a thread its flags back.
void unroll_restore_denormals(uint64_t before);

/// Hints to the processor that this thread spins.
void unroll_spin_pause(void);

#endif
