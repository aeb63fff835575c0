import ArgumentParser

@main
struct UnrollCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unroll", abstract: "Recurrent neural networks: from a file to a trained model.")
}
