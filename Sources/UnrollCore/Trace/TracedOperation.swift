/// What an operation does, by name, and what its results depend on beside its inputs.
///
/// Every operation of the library tells its name where it is recorded for the gradient (`Variable.record`, `as`); one
/// that tells none is known by its function. Whoever writes networks for other programs has a case for each name, and
/// refuses the others.
package enum TracedOperation: Sendable {
  case unary(UnaryOperation)
  /// a·x + b.
  case affine(times: Double, plus: Double)
  /// Of two values of one shape, or of which one is a number, or the second a row or a column.
  case binary(BinaryOperation)
  /// Of x, W and, where there are three inputs, b.
  case linear
  /// Of a `[…, m, k]` and b `[k, n]`, or `[…, k, n]` with the leading axes of a.
  case matmul
  case softmax
  case logSoftmax
  /// Of x, the gain and, where there are three inputs, the bias.
  case layerNorm(epsilon: Double)
  /// Of pictures, W and, where there are three inputs, b.
  case conv2d(Window2D, groups: Int, relu: Bool)
  case maxPool2d(Window2D)
  case meanPool2d(Window2D)
  /// Pictures with zeros beyond the lengths of sequences along an axis.
  case zeroedBeyond(axis: Int, SequenceLayout)
  /// Along an axis, counted from the first, which goes or stays with an extent of 1.
  case sum(axis: Int, keepingAxis: Bool)
  case maximum(axis: Int, keepingAxis: Bool)
  case reshaped
  case rows(Range<Int>)
  case columns(Range<Int>)
  case concatenated(axis: Int)
  /// Two axes exchanged.
  case transposed(Int, Int)
  /// An axis of extent 1 repeated.
  case broadcast(axis: Int)
  /// Rows by their indices, which are an input of the network, named by a layout, or literal.
  case gather([Int32])
  /// Rows in another order, repeated, or some of them, by axes with names; an axis that x has not is found in `like`.
  case arrangingRows(RowArrangement, like: Tensor?)
  /// One row, repeated for each row of `like`, or for each sequence where `like` has the steps of a layout.
  case repeated(like: Tensor, SequenceLayout?)
  case meanOverSteps(SequenceLayout)
  case maximumOverSteps(SequenceLayout)
  /// Of x, W, R, b, h and, where the form has them, c and further weights: the states, and the last h and c.
  case recurrence(RecurrentForm, StepOrder)
  /// Of the query, keys and values, and of additive scores the weights, what was covered, and its slope: the context
  /// and the weights.
  case attention(AttentionForm, RowSegments)
  /// The weights of readers that have not read.
  case unread(RowSegments)
  /// Of emissions, transitions, start and end: the likeliest tag of each row.
  case bestPath(SequenceLayout)
  /// The places of the largest elements along an axis, the first of equals.
  case argmax(axis: Int)
  /// Of what all steps read, and of the first state: what all steps give, and the last state.
  case loop(TracedLoop, StepOrder)
  /// One that has no name, by its function.
  case unnamed(String)

  /// What it reads beside its inputs.
  package var readsBeside: [TracedValue] {
    switch self {
    case .gather(let indices): [.indices(indices)]
    case .arrangingRows(_, let like): like.map { [.tensor($0)] } ?? []
    case .repeated(let like, _): [.tensor(like)]
    default: []
    }
  }
}

/// The recurrences that run over whole sequences as one operation; see the cells for their equations.
package enum RecurrentForm: Sendable, Equatable {
  case elman(ElmanActivation)
  case lstm
  case peepholeLSTM
  case gru
  case resetBeforeGRU
}

/// How keys are scored.
package enum AttentionForm: Sendable, Equatable {
  case dot(scale: Double)
  case additive
}

/// What a loop does at each step.
package struct TracedLoop: Sendable {
  /// What a step reads: rows of all sequences.
  package let inputs: [Tensor]
  package let state: [Tensor]
  package let outputs: [Tensor]
  package let next: [Tensor]
  package let nodes: [TracedNode]
}

/// Something that operations read or give.
package enum TracedValue: Sendable {
  case tensor(Tensor)
  case indices([Int32])

  package var key: TraceKey {
    switch self {
    case .tensor(let tensor): TraceKey(tensor)
    case .indices(let indices): TraceKey(indices)
    }
  }

  package var shape: Shape {
    switch self {
    case .tensor(let tensor): tensor.shape
    case .indices(let indices): [indices.count]
    }
  }
}

/// What a value is known by: where its memory lies, and the shape in which it is seen.
package struct TraceKey: Hashable, Sendable {
  private let address: UInt
  private let extents: [Int]

  package init(_ tensor: Tensor) {
    address = UInt(bitPattern: tensor.address)
    extents = tensor.shape.extents
  }

  package init<Element>(_ array: [Element]) {
    // An empty array has no memory of its own.
    address = array.isEmpty ? 0 : array.withUnsafeBufferPointer { UInt(bitPattern: $0.baseAddress) }
    extents = [array.count]
  }
}

/// An operation that was done.
package struct TracedNode: Sendable {
  package let operation: TracedOperation
  package let inputs: [Tensor]
  package let results: [TracedValue]
}

/// An axis of what a network reads, of which some have another extent at each run.
package indirect enum TracedAxis: Hashable, Sendable {
  case fixed(Int)
  /// By its name, with its extent in this run.
  case free(String, Int)
  /// The packed steps of sequences.
  case steps(TracedLayout)

  package var extent: Int {
    switch self {
    case .fixed(let extent), .free(_, let extent): extent
    case .steps(let layout): layout.rows
    }
  }
}

/// Sequences whose lengths a network is given.
package struct TracedLayout: Hashable, Sendable {
  /// The name of their time axis, of which there is one of this name.
  package let name: String
  package let timeSteps: Int
  /// N.
  package let rows: Int
  /// The axes by which the sequences are counted: those of the batch, or of the steps whose parts the sequences are.
  package let sequences: [TracedAxis]

  package init(name: String, _ layout: SequenceLayout, of sequences: [TracedAxis]) {
    self.name = name
    timeSteps = layout.timeSteps
    rows = layout.rows
    self.sequences = sequences
  }
}

/// The index arrays that a layout makes, by what they do to rows.
package enum LayoutMap: Sendable, Equatable {
  /// Sequences in another order, all of them: sorted, or as given.
  case sequences
  /// Each row as it is.
  case own
  /// From packed steps to those that lie sequence by sequence.
  case sequenceMajor
  /// From a row a sequence to a row a step.
  case sequenceOfStep
  /// The last steps of sequences, the first ones.
  case last, first
  /// From a padded `[T · B]` to the steps that exist, and back.
  case packed, padded
}

extension Window2D {
  /// What a free axis of pictures is called after windows have passed along it.
  package func axisName(of name: String, axis: Int) -> String {
    if keepsExtent(axis: axis) { return name }
    let (kernel, stride, padding) =
      axis == 1
      ? (kernel.height, stride.height, padding.height) : (kernel.width, stride.width, padding.width)
    return "\(name)/\(kernel).\(stride).\(padding)"
  }
}
