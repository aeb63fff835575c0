import UnrollCore

/// What every session can do when the type of its cell is not known.
protocol ErasedSession: AnyObject {
  var batch: Int { get }
  var inputSize: Int { get }
  var outputSize: Int { get }
  var erasedState: [AnyRecurrentNetwork.State] { get set }
  func reset()
  func advance(_ x: UnsafeBufferPointer<Float>) -> UnsafeBufferPointer<Float>
}

extension StreamingSession: ErasedSession {
  var erasedState: [AnyRecurrentNetwork.State] {
    get { state.map(\.parts) }
    set { state = newValue.map { Cell.State(parts: $0) } }
  }
}

/// A recurrent network whose cell was chosen at run time, fed one step at a time; see `StreamingSession`.
///
/// Outputs have the same bits as those of the network run over the whole sequence. For the cells with a fused form a
/// step allocates nothing, takes no lock and stays on the caller's thread. A session is for one thread at a time.
public final class AnyStreamingSession {
  private let session: any ErasedSession

  init(_ session: any ErasedSession) { self.session = session }

  /// B, the number of streams side by side.
  public var batch: Int { session.batch }
  /// I, the number of features of a step.
  public var inputSize: Int { session.inputSize }
  /// H, the number of features of an output.
  public var outputSize: Int { session.outputSize }

  /// The state after the last step, one a layer; a value that may be kept and given back.
  public var state: [AnyRecurrentNetwork.State] {
    get { session.erasedState }
    set { session.erasedState = newValue }
  }

  /// Goes back to the network's initial state.
  public func reset() { session.reset() }

  /// One step.
  ///
  /// - Parameters:
  ///   - x: `[B, I]`, row by row.
  ///   - body: is given the outputs `[B, H]`, valid during the call.
  public func step<R>(
    _ x: UnsafeBufferPointer<Float>, _ body: (UnsafeBufferPointer<Float>) throws -> R
  ) rethrows -> R { try body(session.advance(x)) }

  /// One step of an array, for convenience; it allocates the result.
  public func step(_ x: [Float]) -> [Float] { x.withUnsafeBufferPointer { step($0) { Array($0) } } }
}
