import UnrollCore
import UnrollData
import UnrollNetworks

extension Tagger: ProbedModel {
  public func probe(_ size: ProbeSize) throws -> NetworkProbe {
    var random = RandomSource(seed: size.seed)
    var probe = NetworkProbe()
    let known = lexicon.words.vocabularySize
    let sentences = random.symbols(size.lengths, below: known).map { ids in
      ids.map { lexicon.words.decode([$0]) }
    }
    let batch = TaggerWords(sentences, lexicon).batch(Array(sentences.indices))
    let places = batch.layout.unpacking(batch.places)
    probe.readsSymbols("words", batch.layout.unpacking(batch.ids), steps: size.steps)
    if settings.characterSize > 0 {
      probe.readsLists(
        "characters", places.map { $0.map { batch.forms.characters[Int($0)] } }, steps: size.steps)
    }
    if settings.featureSize > 0 {
      // Every word has as many; beyond the sentences they may be anything that is in the table.
      let slots = settings.prefixes + settings.suffixes + 1
      let all = places.flatMap { sentence in
        sentence.flatMap { batch.forms.features[Int($0)].map { Int($0) } }
          + Array(repeating: 0, count: (size.steps - sentence.count) * slots)
      }
      probe.reads("features", all, [size.batch, size.steps, slots])
    }
    probe.readsLengths("lengths", size.lengths)
    var none: RandomSource?
    var sum: Variable?
    for network in networks {
      let scores = try network.emissions(batch, random: &none).rows
      let rows = network.head.field == nil && networks.count > 1 ? scores.logSoftmax() : scores
      sum = sum.map { $0 + rows } ?? rows
    }
    let share = 1 / Float(networks.count)
    if let sum { probe.gives("scores", rows: share * sum, batch.layout, steps: size.steps) }
    let decided = try TaggerDecoder(networks).answers(TaggerWords(sentences, lexicon)).map(\.tags)
    let padded = decided.flatMap { tags in
      tags.map { Float($0) } + Array(repeating: -1, count: size.steps - tags.count)
    }
    probe.gives("tags", Tensor(padded, shape: [size.batch, size.steps]))
    return probe
  }
}
