/// Something that writes down the course of a training as it goes.
public protocol TrainingLog: AnyObject {
  /// Takes an event of a training.
  ///
  /// - Parameter training: the turn of its trainer, from 1.
  /// - Throws: `ModelFileError` when it cannot be written.
  func record(_ event: TrainingEvent, training: Int) throws

  /// Writes out what is held back.
  func flush() throws
}
