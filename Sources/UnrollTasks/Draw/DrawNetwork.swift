import UnrollCore
import UnrollData
import UnrollNetworks

/// What a pen does at a point.
enum PenState {
  static let down: Int32 = 0
  static let lifts: Int32 = 1
  /// The drawing has ended at the point before.
  static let end: Int32 = 2
  static let count = 3
}

/// One to many: reads where a pen went, and says where it goes next (Graves 2013, "Generating Sequences With Recurrent
/// Neural Networks"; Ha and Eck 2018).
///
///     xₜ = (Δx, Δy, pen of step t−1 or a beginning, label)    hₜ = recurrent layers(xₜ, hₜ₋₁)
///     p(Δx, Δy, pen of step t) = mixture of normal densities(hₜ) · softmax(hₜ)
public struct DrawNetwork: Module {
  var front: FrameFront
  var encoder: RecurrentEncoder
  var head: MixtureDensityHead

  init(_ settings: DrawSettings, labels: Int, using random: inout RandomSource) {
    let network = settings.network
    front = FrameFront(inputSize: Self.strokeSize + labels, using: &random)
    encoder = RecurrentEncoder(
      network.cell, inputSize: front.outputSize,
      hiddenSizes: Array(repeating: network.hiddenSize, count: network.layers), dropout: network.dropout,
      outputDropout: network.dropout, weightDropout: network.weightDropout, using: &random)
    head = MixtureDensityHead(
      inputSize: encoder.outputSize, mixtures: settings.mixtures, penStates: PenState.count,
      endState: PenState.end, leastDeviation: settings.leastDeviation, using: &random)
  }

  /// Δx, Δy, whether the pen draws on, whether it was lifted, whether the drawing begins.
  static let strokeSize = 5

  /// What is read of a step.
  static func input(_ step: PenDrawing.Step?, label: Int?, size: Int) -> [Float] {
    var row = [Float](repeating: 0, count: size)
    if let step {
      (row[0], row[1]) = (step.dx, step.dy)
      row[step.lifts ? 3 : 2] = 1
    } else {
      row[4] = 1
    }
    if let label { row[strokeSize + label] = 1 }
    return row
  }

  /// What the head reads at each step, `[N, H]`, and the states after the last.
  func features(
    _ frames: PackedSequence, state: [AnyRecurrentNetwork.State]? = nil, random: inout RandomSource?
  ) throws(ShapeError) -> (features: PackedSequence, state: [AnyRecurrentNetwork.State]) {
    let (outputs, final) = try encoder.run(
      try front(frames, random: &random), state: state, random: &random)
    return (outputs, final)
  }

  /// −ln p of each row's offset, 0 where it means nothing, and of its state.
  func losses(
    _ batch: DrawBatch, random: inout RandomSource?
  ) throws(ShapeError) -> (offsets: Variable, states: Variable) {
    let features = try features(batch.inputs, random: &random).features
    let (offsets, states) = try head.losses(features.rows, offsets: batch.offsets, states: batch.states)
    return (offsets * Variable(batch.counts), states)
  }

  /// Σ −ln p over all points, the weight being their number.
  func loss(_ batch: DrawBatch, random: inout RandomSource?) throws(ShapeError) -> LossSum {
    let (offsets, states) = try losses(batch, random: &random)
    return LossSum(sum: offsets.sum() + states.sum(), weight: Double(batch.points))
  }

  public mutating func forEachParameter(
    _ path: String, _ body: (String, inout Parameter) throws -> Void
  ) rethrows {
    try front.forEachParameter(parameterName(path, "front"), body)
    try encoder.forEachParameter(parameterName(path, "encoder"), body)
    try head.forEachParameter(parameterName(path, "head"), body)
  }
}

/// Drawings on the network's scale, packed: a row for each point, and one for the end of each drawing.
struct DrawBatch {
  let inputs: PackedSequence
  let offsets: Tensor
  let states: [Int32]
  /// 1 for rows whose offset means something: neither the first of a drawing nor its end.
  let counts: Tensor
  /// The number of points.
  let points: Int
  let layout: SequenceLayout

  /// - Parameters:
  ///   - drawings: of at least a point each.
  ///   - labels: the label of each; `nil`: none is read.
  init(_ drawings: [[PenDrawing.Step]], labels: [Int?], inputSize: Int) {
    layout = SequenceLayout(lengths: drawings.map { $0.count + 1 })
    let read = zip(drawings, labels).map { steps, label in
      ([nil] + steps.map(Optional.some)).map { DrawNetwork.input($0, label: label, size: inputSize) }
    }
    inputs = PackedSequence(
      rows: Variable(Tensor(layout.packing(read).flatMap { $0 }, shape: [layout.rows, inputSize])),
      layout: layout)
    offsets = Tensor(
      layout.packing(drawings.map { $0.map { [$0.dx, $0.dy] } + [[0, 0]] }).flatMap { $0 },
      shape: [layout.rows, 2])
    states = layout.packing(
      drawings.map { $0.map { $0.lifts ? PenState.lifts : PenState.down } + [PenState.end] })
    counts = Tensor(
      layout.packing(drawings.map { steps in (0...steps.count).map { $0 > 0 && $0 < steps.count ? 1 : 0 } }))
    points = drawings.reduce(0) { $0 + $1.count }
  }
}

/// A model of drawings that follows a pen and keeps its state.
final class DrawStream {
  private let network: DrawNetwork
  private let session: AnyStreamingSession
  private let label: Int?
  private var features: Tensor

  /// A stream at the beginning of a drawing.
  init(_ network: DrawNetwork, label: Int?) throws(ShapeError) {
    self.network = network
    self.label = label
    session = try network.encoder.network.streaming()
    features = .zeros([1, session.outputSize])
    follow(nil)
  }

  /// Follows a step, on the network's scale.
  func follow(_ step: PenDrawing.Step?) {
    let row = DrawNetwork.input(step, label: label, size: network.front.inputSize)
    features = Tensor(session.step(row), shape: features.shape)
  }

  /// Draws a step; `nil`: the drawing has ended.
  func next(
    temperature: Double, using random: inout RandomSource
  ) throws(ShapeError) -> PenDrawing.Step? {
    let (x, y, state) = try network.head.predictions(Variable(features))[0].sample(
      temperature: temperature, using: &random)
    return state == Int(PenState.end)
      ? nil : PenDrawing.Step(dx: Float(x), dy: Float(y), lifts: state == Int(PenState.lifts))
  }
}
