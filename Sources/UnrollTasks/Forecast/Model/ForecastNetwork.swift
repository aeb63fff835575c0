import UnrollCore
import UnrollNetworks

/// A recurrent network over segments that writes all segments of the horizon at once.
///
/// Windows of L steps are cut into segments of w steps (Lin et al. 2023, "SegRNN"). Legend: B rows, a row being
/// one target of one window; n = L/w segments read, m segments written, Q outputs a step, D hidden units.
///
///     e_j  = max(0, W_e s_j + b_e)                   for each segment s_j of the window with its covariates
///     h    = core(e_1 … e_n)                         the state after the window
///     d_i  = max(0, p_i + q_c + W_d u_i)             place i, target c, what is known of segment i;
///            p_i + q_c where nothing is
///     y_i  = W_o core(d_i | h) + b_o  (+ W_s x)      one step of the core from h for each i, side by side
///
/// x is the whole window; W_s starts from the seasonal naive forecast. Where covariates k are known ahead, what
/// they do to a value of the same step, V_c k, is taken off the window first and added to the forecast.
struct ForecastNetwork: Module {
  let settings: ForecastSettings
  let targets: Int
  var embed: Linear
  var mix: Linear?
  var core: AnyRecurrentNetwork
  var places: Parameter
  var targetNames: Parameter?
  var context: Linear?
  var head: Linear
  var skip: Linear?
  /// `[season, targets]`.
  var cycle: Parameter?
  /// V, `[targets, known]`, in steps of `effectUnit`.
  var effect: Parameter?
  /// Weights that start from zero and may have to grow to about one must move faster than others.
  private static let effectUnit = 8.0

  /// - Parameters:
  ///   - inputWidth: features of a segment read.
  ///   - contextWidth: features known of a segment written.
  ///   - known: covariates known ahead.
  init(
    _ settings: ForecastSettings, targets: Int, inputWidth: Int, contextWidth: Int, known: Int,
    using random: inout RandomSource
  ) {
    self.settings = settings
    self.targets = targets
    let hidden = settings.hiddenSize
    embed = Linear(inputSize: inputWidth, outputSize: hidden, using: &random)
    mix =
      settings.mixesTargets && targets > 1
      ? Linear(inputSize: settings.segment * targets, outputSize: hidden, bias: false, using: &random) : nil
    core = AnyRecurrentNetwork(
      settings.cell, inputSize: hidden, hiddenSize: hidden, layers: settings.layers,
      dropout: settings.dropout, using: &random)
    // Alone, places and targets must tell the segments apart; beside what is known of them they only help.
    let spread: Float = contextWidth > 0 ? 0.1 : 0.7
    places = Parameter(
      .normal(deviation: spread, shape: [settings.horizonSegments, hidden], using: &random))
    targetNames =
      targets > 1 ? Parameter(.normal(deviation: spread, shape: [targets, hidden], using: &random)) : nil
    context =
      contextWidth > 0
      ? Linear(inputSize: contextWidth, outputSize: hidden, bias: false, using: &random) : nil
    let width = settings.segment * settings.outputs
    head = Linear(inputSize: hidden, outputSize: width, using: &random)
    // A small head starts from what is known without the network: the centre of the window, or the skip.
    head.weight = Parameter(.normal(deviation: 0.01, shape: [width, hidden], using: &random))
    if settings.skip {
      skip = Linear(
        inputSize: settings.lookBack, outputSize: settings.writtenSteps, using: &random)
      skip?.weight = Parameter(Self.seasonalNaive(settings))
    }
    cycle =
      settings.cycle ? Parameter(.zeros([max(1, settings.longSeason, settings.season), targets])) : nil
    effect = known > 0 ? Parameter(.zeros([targets, known])) : nil
  }

  /// The shapes of the large parameters.
  static func shapes(
    _ settings: ForecastSettings, targets: Int, inputWidth: Int, contextWidth: Int
  ) -> [(name: String, shape: Shape)] {
    let hidden = settings.hiddenSize
    var shapes: [(String, Shape)] = [
      ("embed.weight", [hidden, inputWidth]), ("places", [settings.horizonSegments, hidden]),
      ("head.weight", [settings.segment * settings.outputs, hidden]),
    ]
    for layer in 0..<settings.layers {
      shapes.append(
        ("core.layers.\(layer).forward.cell.weightRecurrent", [settings.cell.gates * hidden, hidden]))
    }
    if contextWidth > 0 { shapes.append(("context.weight", [hidden, contextWidth])) }
    if settings.mixesTargets && targets > 1 {
      shapes.append(("mix.weight", [hidden, settings.segment * targets]))
    }
    if settings.skip { shapes.append(("skip.weight", [settings.writtenSteps, settings.lookBack])) }
    if settings.cycle { shapes.append(("cycle", [max(1, settings.longSeason, settings.season), targets])) }
    return shapes
  }

  /// A map from a window to the mean of the seasonal naive forecasts of both seasons.
  private static func seasonalNaive(_ settings: ForecastSettings) -> Tensor {
    let lags = settings.longSeason > 0 ? [settings.season, settings.longSeason] : [settings.season]
    let usable = lags.filter { $0 <= settings.lookBack }
    var weights = Tensor.zeros([settings.writtenSteps, settings.lookBack])
    for step in 0..<settings.writtenSteps {
      for lag in usable {
        let column = settings.lookBack - lag + step % lag
        weights[step * settings.lookBack + column] += 1 / Float(usable.count)
      }
    }
    return weights
  }

  /// - Returns: `[B, m·w, Q]` on the scale of the windows.
  /// - Throws: `ShapeError` when the batch was made for other settings.
  func callAsFunction(_ batch: ForecastBatch, random: inout RandomSource?) throws(ShapeError) -> Variable {
    let rows = batch.rows
    let (n, m) = (settings.segments, settings.horizonSegments)
    var segments = Variable(batch.segments)
    var window = Variable(batch.window)
    var ahead: Variable?
    if let effect {
      window = window - (try effects(effect, batch.knownPast, rows))
      segments = try replacingValues(segments, by: window, rows)
      ahead = try effects(effect, batch.knownAhead, rows)
    }
    if let cycle {
      // The learned pattern, laid along the window and beyond by the phase of each step.
      let pattern = cycle.variable.reshaped(to: [cycle.count, 1])
      let past = pattern.gather(batch.pastPhases(cycle.variable.shape[0], targets))
        .reshaped(to: [rows, settings.lookBack])
      let last = past.columns(settings.lookBack - 1..<settings.lookBack)
      let anchored = past - last
      window = window - anchored
      segments = try replacingValues(segments, by: window, rows)
      let next =
        pattern.gather(batch.futurePhases(cycle.variable.shape[0], targets, settings.writtenSteps))
        .reshaped(to: [rows, settings.writtenSteps]) - last
      ahead = ahead.map { $0 + next } ?? next
    }
    var read = try embed(segments)
    if let mix { read = read + (try mixed(mix, window, rows)) }
    let layout = SequenceLayout(lengths: Array(repeating: n, count: rows))
    let (_, state) = try core(
      PackedSequence(rows: read.relu(), layout: layout), random: &random)
    // Row b·m + i: segment i of row b.
    let repeated = (0..<rows * m).map { Int32($0 / m) }
    let states = state.map { $0.map { $0.gather(repeated) } }
    var written = places.variable.gather((0..<rows * m).map { Int32($0 % m) })
    if let targetNames {
      written = written + targetNames.variable.gather((0..<rows * m).map { Int32($0 / m % targets) })
    }
    if let context { written = (try written + context(Variable(batch.context))).relu() }
    let single = SequenceLayout(lengths: Array(repeating: 1, count: rows * m))
    let (outputs, _) = try core(
      PackedSequence(rows: written, layout: single), initialState: states, random: &random)
    let dropped = Dropout(rate: settings.dropout)(outputs.rows, random: &random)
    let steps = rows * settings.writtenSteps
    var result = try head(dropped).reshaped(to: [steps, settings.outputs])
    if let skip { result = result + (try skip(window)).reshaped(to: [steps, 1]) }
    if let ahead { result = result + ahead.reshaped(to: [steps, 1]) }
    return result.reshaped(to: [rows, settings.writtenSteps, settings.outputs])
  }

  /// What covariates `[B·steps, known]` do to the values of their steps, `[B, steps]`.
  private func effects(
    _ effect: Parameter, _ covariates: Tensor, _ rows: Int
  ) throws(ShapeError) -> Variable {
    let all = try Variable(covariates).linear(effect.variable).affine(times: Self.effectUnit, plus: 0)
    let steps = all.shape.rows / max(1, rows)
    guard targets > 1 else { return all.reshaped(to: [rows, steps]) }
    // Of the effects on all targets, the one on the row's own.
    let own = (0..<rows * steps).map { Int32($0 * targets + $0 / steps % targets) }
    return all.reshaped(to: [rows * steps * targets, 1]).gather(own).reshaped(to: [rows, steps])
  }

  /// The segments with their values replaced: `[n·B, width]`, segment-major.
  private func replacingValues(
    _ segments: Variable, by window: Variable, _ rows: Int
  ) throws(ShapeError) -> Variable {
    let values = segmentRows(window, rows)
    let width = segments.shape.columns
    if width == settings.segment { return values }
    return .concatenated([values, segments.columns(settings.segment..<width)], axis: -1)
  }

  /// A window `[B, L]` as rows of segments `[n·B, w]`, segment-major.
  private func segmentRows(_ window: Variable, _ rows: Int) -> Variable {
    let n = settings.segments
    let order = (0..<n).flatMap { j in (0..<rows).map { Int32($0 * n + j) } }
    return window.reshaped(to: [rows * n, settings.segment]).gather(order)
  }

  /// What each row reads of the segments of all targets of its window.
  private func mixed(_ mix: Linear, _ window: Variable, _ rows: Int) throws(ShapeError) -> Variable {
    let n = settings.segments
    let windows = rows / targets
    // Segments of one window side by side: row j·windows + v holds segment j of all targets of window v.
    let order = (0..<n).flatMap { j in
      (0..<windows).flatMap { v in (0..<targets).map { Int32((v * targets + $0) * n + j) } }
    }
    let together = window.reshaped(to: [rows * n, settings.segment]).gather(order)
      .reshaped(to: [n * windows, targets * settings.segment])
    return try mix(together).gather((0..<n * rows).map { Int32($0 / targets) })
  }

  mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try embed.forEachParameter(parameterName(path, "embed"), body)
    try mix?.forEachParameter(parameterName(path, "mix"), body)
    try core.forEachParameter(parameterName(path, "core"), body)
    try body(parameterName(path, "places"), &places)
    if targetNames != nil { try body(parameterName(path, "targets"), &targetNames!) }
    try context?.forEachParameter(parameterName(path, "context"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
    try skip?.forEachParameter(parameterName(path, "skip"), body)
    if cycle != nil { try body(parameterName(path, "cycle"), &cycle!) }
    if effect != nil { try body(parameterName(path, "effect"), &effect!) }
  }
}
