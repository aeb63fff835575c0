import UnrollData
import UnrollNetworks
import UnrollTraining

extension PairPreparation {
  /// What a person should know of the data.
  func remarks(_ parts: DataParts<PairData>, _ settings: PairSettings) throws -> [String] {
    var (pairs, empty, long) = (0, 0, 0)
    try parts.training.visit { pair in
      let (from, to) = (source.encode(pair.source).count, target.encode(pair.target).count)
      if from == 0 || to == 0 { empty += 1 } else { pairs += 1 }
      if max(from, to) > settings.maximumLength { long += 1 }
    }
    var held = 0
    try parts.validation?.visit { _ in held += 1 }
    var remarks = [
      "\(pairs) pairs to learn from, \(held) held out; vocabularies of \(source.count) and \(target.count)"
    ]
    if empty > 0 { remarks.append("left out: \(empty) pairs with an empty side") }
    if long > 0 {
      remarks.append(
        settings.cutsSources
          ? "\(long) texts are longer than \(settings.maximumLength) tokens: their ends are not read"
          : "left out: \(long) pairs with a side of more than \(settings.maximumLength) tokens")
    }
    return remarks
  }

  var facts: [Fact] {
    [Fact("vocabularies in use", stored.joint ? "\(source.count)" : "\(source.count) and \(target.count)")]
  }

  func layers(_ network: SequenceToSequence, _ settings: PairSettings) -> [LayerDescription] {
    let (memory, hidden) = (network.encoder.outputSize, settings.network.hiddenSize)
    return [
      LayerDescription("token vectors", "[T, B]", "[T, B, \(network.encoder.inputSize)]", .stepwise),
      .recurrent(network.encoder, settings.network),
      LayerDescription(
        "\(settings.decoderLayers) × \(settings.network.cell.rawValue) decoder", "[T, B, \(memory)]",
        "[U, B, \(hidden)]",
        .attention),
      LayerDescription(
        settings.copy ? "softmax and copy" : "softmax", "[U, B, \(hidden)]", "[U, B, \(target.count)]",
        .stepwise),
    ]
  }
}

extension PairWriter {
  /// Answers, with pictures of where tokens looked if they were asked for.
  func answers(
    _ texts: [String], _ options: PairSearch, pictures: Bool, _ session: AnswerSession
  ) throws -> [PairAnswer] {
    let answers = try answers(texts, options, note: session.note)
    guard pictures, let plot = options.plot else { return answers }
    for (index, answer) in answers.enumerated() {
      guard let attention = answer.attention, let from = answer.sourceTokens, let to = answer.targetTokens,
        !attention.isEmpty
      else { continue }
      let name = plot.hasSuffix(".svg") ? String(plot.dropLast(4)) : plot
      let path = index == 0 ? plot : "\(name)-\(index + 1).svg"
      let picture = AlignmentPlot(source: from, target: to, attention: attention)
      try AtomicFile.write(Array(picture.svg().utf8), to: path)
      session.note("drawn: \(path)")
    }
    return answers
  }
}

extension Trace {
  /// See `SequenceToSequence.trace`: one network by itself, for the mean of several is taken between its steps.
  mutating func pairs(_ networks: [SequenceToSequence]) throws {
    guard let network = networks.first, networks.count == 1 else {
      throw SettingError("members", expected: "one network to be written", found: networks.count)
    }
    try network.trace(&self)
  }
}
