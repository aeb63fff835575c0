import UnrollCore
import UnrollData
import UnrollNetworks
import UnrollTraining

/// Reads text from pictures: lines of print or handwriting, and whole pages of them.
///
///     let reader = try Reader.train(files: ["lines"])
///     print(try reader.read(Picture(path: "page.png")).text)
public typealias Reader = Model<ReadTask>

/// What a reader of pictures knows before its network: which characters there are, and which follow which.
public struct ReadPreparation: ModelPart {
  public struct Stored: Codable, Sendable {
    var ctc: CTCPreparation.Stored
    var characterOrder: Int
    var wordOrder: Int
  }

  let ctc: CTCPreparation
  private let orders: (characters: Int, words: Int)

  init(_ ctc: CTCPreparation, _ settings: CTCSettings) {
    self.ctc = ctc
    orders = (settings.characterOrder, settings.wordOrder)
  }

  public var stored: Stored {
    Stored(ctc: ctc.stored, characterOrder: orders.characters, wordOrder: orders.words)
  }
  public var files: [String: [UInt8]] { ctc.files }

  public init(_ stored: Stored, _ files: ModelFiles) throws {
    var settings = CTCSettings()
    (settings.characterOrder, settings.wordOrder) = (stored.characterOrder, stored.wordOrder)
    self.init(try CTCPreparation(stored.ctc, settings, files), settings)
  }
}
