import UnrollCore
import UnrollData
import UnrollNetworks

/// A language model that reads one token at a time and keeps its state.
///
/// What it says of the next token has the same bits as what the network says of a whole sequence.
package final class LanguageStream {
  private let network: LanguageNetwork
  private let session: AnyStreamingSession
  private let width: Int
  private var features: Tensor

  /// A stream that has read the token that says that nothing is known of what came before.
  package init(_ model: LanguageModel) throws(ShapeError) {
    network = model.network
    width = network.front.table.size
    session = try network.encoder.network.streaming()
    features = .zeros([1, session.outputSize])
    read(SpecialToken.begin.id)
  }

  /// Reads a token.
  ///
  /// - Parameter id: a token of the model's tokenizer.
  package func read(_ id: Int32) {
    network.front.table.weight.value.withUnsafeElements { table in
      let row = UnsafeBufferPointer(rebasing: table[Int(id) * width..<(Int(id) + 1) * width])
      session.step(row) { take($0) }
    }
  }

  private func take(_ outputs: UnsafeBufferPointer<Float>) {
    features.withUnsafeMutableElements { place in
      for index in outputs.indices { place[index] = outputs[index] }
    }
  }

  /// What a softmax over all tokens makes probabilities of the next one of.
  func scores() throws(ShapeError) -> Tensor { try network.logits(Variable(features)).value }

  /// −ln p of a token that might come next.
  package func surprise(_ id: Int32) throws(ShapeError) -> Float {
    try network.losses(Variable(features), [id])[0]
  }
}
