import UnrollCore
import UnrollData
import UnrollNetworks

/// A recurrent network over segments that writes all segments of the horizon at once.
///
/// Windows of L steps are cut into segments of w steps (Lin et al. 2023, "SegRNN"). Legend: B rows, a row being
/// one target of one window; n = L/w segments read, m segments written, Q outputs a step, D hidden units.
///
///     e_j  = max(0, W_e s_j + b_e)                   for each segment s_j of the window with its covariates
///     h    = encoder(e_1 … e_n)                         the state after the window
///     d_i  = max(0, p_i + q_c + W_d u_i)             place i, target c, what is known of segment i;
///            p_i + q_c where nothing is
///     y_i  = W_o encoder(d_i | h) + b_o  (+ W_s x)      one step of the encoder from h for each i, side by side
///
/// x is the whole window; W_s starts from the seasonal naive forecast. Where covariates k are known ahead, what
/// they do to a value of the same step, V_c k, is taken off the window first and added to the forecast.
public struct ForecastNetwork: Module {
  let settings: ForecastSettings
  let targets: Int
  var front: FrameFront
  var mix: Linear?
  var encoder: AnyRecurrentNetwork
  var places: Parameter
  var targetNames: Parameter?
  var context: Linear?
  var head: ValueHead
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
    let hidden = settings.network.hiddenSize
    front = FrameFront(inputSize: inputWidth, outputSize: hidden, activation: .relu, using: &random)
    mix =
      settings.mixesTargets && targets > 1
      ? Linear(inputSize: settings.window.segment * targets, outputSize: hidden, bias: false, using: &random)
      : nil
    encoder = AnyRecurrentNetwork(
      settings.network.cell, inputSize: hidden, hiddenSize: hidden, layers: settings.network.layers,
      dropout: settings.network.dropout, using: &random)
    // Alone, places and targets must tell the segments apart; beside what is known of them they only help.
    let spread: Float = contextWidth > 0 ? 0.1 : 0.7
    func table(_ rows: Int) -> Parameter {
      Parameter([rows, hidden]) { .normal(deviation: spread, shape: [rows, hidden], using: &random) }
    }
    places = table(settings.window.horizonSegments)
    targetNames = targets > 1 ? table(targets) : nil
    context =
      contextWidth > 0
      ? Linear(inputSize: contextWidth, outputSize: hidden, bias: false, using: &random) : nil
    // A small head starts from what is known without the network: the centre of the window, or the skip.
    head = ValueHead(
      features: hidden, values: settings.window.segment, objective: settings.objective, deviation: 0.01,
      using: &random)
    if settings.skip {
      skip = Linear(
        inputSize: settings.window.lookBack, outputSize: settings.window.writtenSteps, using: &random)
      skip?.weight = Parameter([settings.window.writtenSteps, settings.window.lookBack]) {
        Self.seasonalNaive(settings)
      }
    }
    cycle =
      settings.cycle ? .zeros([max(1, settings.window.longSeason, settings.window.season), targets]) : nil
    effect = known > 0 ? .zeros([targets, known]) : nil
  }

  /// A map from a window to the mean of the seasonal naive forecasts of both seasons.
  private static func seasonalNaive(_ settings: ForecastSettings) -> Tensor {
    let lags =
      settings.window.longSeason > 0
      ? [settings.window.season, settings.window.longSeason] : [settings.window.season]
    let usable = lags.filter { $0 <= settings.window.lookBack }
    var weights = Tensor.zeros([settings.window.writtenSteps, settings.window.lookBack])
    for step in 0..<settings.window.writtenSteps {
      for lag in usable {
        let column = settings.window.lookBack - lag + step % lag
        weights[step * settings.window.lookBack + column] += 1 / Float(usable.count)
      }
    }
    return weights
  }

  /// What the network reads; see `ForecastBatch`. What it does not look at is empty.
  struct Input {
    var segments: Tensor
    var window: Tensor
    var context = Tensor.zeros([0, 0])
    var knownPast = Tensor.zeros([0, 0])
    var knownAhead = Tensor.zeros([0, 0])
    var pastPhases: [Int32] = []
    var futurePhases: [Int32] = []
  }

  /// - Returns: `[B, m·w, Q]` on the scale of the windows.
  /// - Throws: `ShapeError` when the batch was made for other settings.
  func callAsFunction(_ batch: WindowBatch, random: inout RandomSource?) throws(ShapeError) -> Variable {
    var input = Input(
      segments: batch.segments, window: batch.window, context: batch.context, knownPast: batch.knownPast,
      knownAhead: batch.knownAhead)
    if let cycle {
      input.pastPhases = batch.pastPhases(cycle.shape[0], targets)
      input.futurePhases = batch.futurePhases(cycle.shape[0], targets, settings.window.writtenSteps)
    }
    return try self(input, random: &random)
  }

  func callAsFunction(_ batch: Input, random: inout RandomSource?) throws(ShapeError) -> Variable {
    let rows = batch.window.shape[0]
    let (n, m) = (settings.window.segments, settings.window.horizonSegments)
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
      let past = pattern.gather(batch.pastPhases)
        .reshaped(to: [rows, settings.window.lookBack])
      let last = past.columns(settings.window.lookBack - 1..<settings.window.lookBack)
      let anchored = past - last
      window = window - anchored
      segments = try replacingValues(segments, by: window, rows)
      let next =
        pattern.gather(batch.futurePhases)
        .reshaped(to: [rows, settings.window.writtenSteps]) - last
      ahead = ahead.map { $0 + next } ?? next
    }
    let layout = SequenceLayout(lengths: Array(repeating: n, count: rows))
    let read = try front(
      PackedSequence(rows: segments, layout: layout),
      adding: try mix.map { mix throws(ShapeError) in try mixed(mix, window, rows) }, random: &random)
    let (_, state) = try encoder(read, random: &random)
    // Segment i of row b, b being target c of window v.
    let extents: [Character: Int] = ["b": rows, "i": m, "v": rows / targets, "c": targets]
    let states = state.map { $0.map { $0.arrangingRows("b", to: "bi", extents) } }
    var written = places.variable.arrangingRows("i", to: "bi", extents, like: (window, "b"))
    if let targetNames {
      written =
        written + targetNames.variable.arrangingRows("c", to: "vci", extents, like: (window, "vc"))
    }
    if let context { written = (try written + context(Variable(batch.context))).relu() }
    let single = SequenceLayout(lengths: Array(repeating: 1, count: rows * m))
    let (outputs, _) = try encoder(
      PackedSequence(rows: written, layout: single), initialState: states, random: &random)
    let dropped = Dropout(rate: settings.network.dropout)(outputs.rows, random: &random)
    let steps = rows * settings.window.writtenSteps
    var result = try head(dropped).reshaped(to: [steps, settings.outputs])
    if let skip { result = result + (try skip(window)).reshaped(to: [steps, 1]) }
    if let ahead { result = result + ahead.reshaped(to: [steps, 1]) }
    return result.reshaped(to: [rows, settings.window.writtenSteps, settings.outputs])
  }

  /// What covariates `[B·steps, known]` do to the values of their steps, `[B, steps]`.
  private func effects(
    _ effect: Parameter, _ covariates: Tensor, _ rows: Int
  ) throws(ShapeError) -> Variable {
    let all = try Variable(covariates).linear(effect.variable).affine(times: Self.effectUnit, plus: 0)
    let steps = all.shape.rows / max(1, rows)
    guard targets > 1 else { return all.reshaped(to: [rows, steps]) }
    // Of the effects on all targets, the one on the row's own.
    return all.reshaped(to: [rows * steps * targets, 1])
      .arrangingRows("vcsc", to: "vcs", ["v": rows / targets, "c": targets, "s": steps])
      .reshaped(to: [rows, steps])
  }

  /// The segments with their values replaced: `[n·B, width]`, segment-major.
  private func replacingValues(
    _ segments: Variable, by window: Variable, _ rows: Int
  ) throws(ShapeError) -> Variable {
    let values = segmentRows(window, rows)
    let width = segments.shape.columns
    if width == settings.window.segment { return values }
    return .concatenated([values, segments.columns(settings.window.segment..<width)], axis: -1)
  }

  /// A window `[B, L]` as rows of segments `[n·B, w]`, segment-major.
  private func segmentRows(_ window: Variable, _ rows: Int) -> Variable {
    let n = settings.window.segments
    return window.reshaped(to: [rows * n, settings.window.segment])
      .arrangingRows("bj", to: "jb", ["b": rows, "j": n])
  }

  /// What each row reads of the segments of all targets of its window.
  private func mixed(_ mix: Linear, _ window: Variable, _ rows: Int) throws(ShapeError) -> Variable {
    let (n, windows) = (settings.window.segments, rows / targets)
    // Segments of one window side by side: row j·windows + v holds segment j of all targets of window v.
    let together = window.reshaped(to: [rows * n, settings.window.segment])
      .arrangingRows("vcj", to: "jvc", ["v": windows, "c": targets, "j": n])
      .reshaped(to: [n * windows, targets * settings.window.segment])
    return try mix(together).arrangingRows("r", to: "rc", ["r": n * windows, "c": targets])
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try mix?.forEachParameter(parameterName(path, "mix"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try body(parameterName(path, "places"), &places)
    if targetNames != nil { try body(parameterName(path, "targets"), &targetNames!) }
    try context?.forEachParameter(parameterName(path, "context"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
    try skip?.forEachParameter(parameterName(path, "skip"), body)
    if cycle != nil { try body(parameterName(path, "cycle"), &cycle!) }
    if effect != nil { try body(parameterName(path, "effect"), &effect!) }
  }
}
