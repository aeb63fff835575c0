import UnrollCore
import UnrollData

extension ClassifyNetwork {
  /// Lets the vectors of tokens start with what naive Bayes knows of them (Wang and Manning 2012, "Baselines and
  /// bigrams", equation 2): for label c and token w, with n the number of examples of the kind that w occurs in,
  ///
  ///     r_c(w) = ln (n_c(w) + 1)/(Σ n_c + V) − ln (n_¬c(w) + 1)/(Σ n_¬c + V)
  ///
  /// stands in place c of the vector, on the scale of the other places. Two labels need one place; where there are
  /// more labels than half of the places, nothing is done.
  mutating func inform(_ texts: EncodedTexts, _ targets: ClassifyTargets, _ chosen: [Int]) {
    let labels = targets.count == 2 && !settings.isMultiLabel ? 1 : targets.count
    guard case .tokens(var front) = front, labels * 2 <= front.table.size else { return }
    var table = front.table.weight.value
    let (vocabulary, features) = (table.shape.rows, table.shape.columns)
    var all = [Float](repeating: 0, count: vocabulary)
    var with = [[Float]](repeating: all, count: labels)
    for place in chosen {
      let tokens = Set(texts.ids[place])
      for token in tokens { all[Int(token)] += 1 }
      for label in targets.ids[place] where label < labels {
        for token in tokens { with[label][Int(token)] += 1 }
      }
    }
    let total = all.reduce(0, +)
    var ratios = [Float](repeating: 0, count: labels * vocabulary)
    var squares = 0.0
    for label in 0..<labels {
      let own = with[label].reduce(0, +)
      for token in 0..<vocabulary where all[token] > 0 {
        let there = Double((with[label][token] + 1) / (own + Float(vocabulary)))
        let elsewhere = Double((all[token] - with[label][token] + 1) / (total - own + Float(vocabulary)))
        let ratio = naturalLogarithm(there) - naturalLogarithm(elsewhere)
        ratios[label * vocabulary + token] = Float(ratio)
        squares += ratio * ratio
      }
    }
    // A few times the deviation at random, so that it is heard.
    let scale = squares > 0 ? 0.3 / Float((squares / Double(labels * vocabulary)).squareRoot()) : 0
    table.withUnsafeMutableElements { elements in
      for label in 0..<labels {
        for token in 0..<vocabulary {
          elements[token * features + label] = scale * ratios[label * vocabulary + token]
        }
      }
    }
    front.table.weight.value = table
    self.front = .tokens(front)
  }
}
