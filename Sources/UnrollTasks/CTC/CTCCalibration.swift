import UnrollCore
import UnrollData
import UnrollNetworks

/// How much the language counts, as it was best on the validation part.
public struct CTCCalibration: Codable, Sendable, Equatable {
  public struct Weights: Codable, Sendable, Equatable {
    public var weight = 0.5
    public var bonus = 0.0
  }

  public var characters: Weights?
  public var words: Weights?
}

extension CTCCalibration {
  /// Steps of the validation part that are looked at, and prefixes that are followed.
  private static let (mostSteps, beam) = (6000, 16)
  private static let characterGrid = (weights: [0.1, 0.2, 0.35, 0.5, 0.75, 1], bonuses: [0.5, 1, 1.5, 2, 3])
  private static let wordGrid = (
    weights: [0.2, 0.5, 0.75, 1, 1.5, 2, 3], bonuses: [-4, -2, -1, 1, 2, 4, 6.0]
  )

  /// What gives the lowest character error rate on a part of the validation data: first the weight, then the bonus.
  ///
  /// - Parameter texts: of all inputs.
  static func found<Inputs: CTCInputs>(
    _ inputs: Inputs, _ texts: [String], _ networks: [CTCNetwork<Inputs.InputFront>],
    _ preparation: CTCPreparation, _ settings: CTCSettings
  ) throws -> CTCCalibration {
    var (scores, wanted, steps): ([Tensor], [String], Int) = ([], [], 0)
    try CTCReader.forEach(inputs, networks) { place, found in
      guard steps < mostSteps else { return }
      steps += found.shape.rows
      scores.append(found)
      wanted.append(
        CTCAlphabet.normalized(texts[place], lowercase: settings.lowercase, form: settings.normalization))
    }
    func errors(_ language: CTCSearch.Language, _ weights: Weights) throws -> Int {
      var search = CTCSearch(language, beam: beam)
      (search.languageWeight, search.lengthBonus) = (weights.weight, weights.bonus)
      let decoder = try CTCDecoder(preparation, search)
      return ErrorRate.characters(wanted, scores.map { decoder($0).text }).errors
    }
    func best(
      _ language: CTCSearch.Language, _ grid: (weights: [Double], bonuses: [Double])
    ) throws -> Weights {
      var (chosen, fewest) = (Weights(), Int.max)
      func tried(_ weights: Weights) throws {
        let count = try errors(language, weights)
        if count < fewest { (chosen, fewest) = (weights, count) }
      }
      for weight in grid.weights { try tried(Weights(weight: weight, bonus: 0)) }
      for bonus in grid.bonuses { try tried(Weights(weight: chosen.weight, bonus: bonus)) }
      return chosen
    }
    return CTCCalibration(
      characters: preparation.characters == nil ? nil : try best(.characters, characterGrid),
      words: preparation.words == nil ? nil : try best(.words, wordGrid))
  }
}
