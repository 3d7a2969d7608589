// SPDX-License-Identifier: MIT
// Bouncy Castle's side: `sign FOLDER` writes keys, messages and signatures, `verify FOLDER` checks
// those that it finds, and that a changed bit is refused. Exit 1 on the first disagreement.
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.bouncycastle.pqc.crypto.lms.LMOtsParameters;
import org.bouncycastle.pqc.crypto.lms.LMSKeyGenerationParameters;
import org.bouncycastle.pqc.crypto.lms.LMSKeyPairGenerator;
import org.bouncycastle.pqc.crypto.lms.LMSParameters;
import org.bouncycastle.pqc.crypto.lms.LMSPublicKeyParameters;
import org.bouncycastle.pqc.crypto.lms.LMSSigner;
import org.bouncycastle.pqc.crypto.lms.LMSigParameters;

public final class BouncyCastleLms {
  private static final int SIGNATURES_PER_KEY = 3;

  public static void main(String[] arguments) throws Exception {
    Path folder = Path.of(arguments[1]);
    if (arguments[0].equals("sign")) {
      sign(folder);
    } else {
      verify(folder);
    }
  }

  private static void sign(Path folder) throws Exception {
    List<LMSParameters> sets = new ArrayList<>();
    for (LMOtsParameters ots : List.of(LMOtsParameters.sha256_n32_w1, LMOtsParameters.sha256_n32_w2,
        LMOtsParameters.sha256_n32_w4, LMOtsParameters.sha256_n32_w8)) {
      sets.add(new LMSParameters(LMSigParameters.lms_sha256_n32_h5, ots));
    }
    sets.add(new LMSParameters(LMSigParameters.lms_sha256_n32_h10, LMOtsParameters.sha256_n32_w4));
    SecureRandom random = new SecureRandom();
    int number = 0;
    for (LMSParameters set : sets) {
      LMSKeyPairGenerator generator = new LMSKeyPairGenerator();
      generator.init(new LMSKeyGenerationParameters(set, random));
      var pair = generator.generateKeyPair();
      LMSSigner signer = new LMSSigner();
      signer.init(true, pair.getPrivate());
      for (int i = 0; i < SIGNATURES_PER_KEY; i++, number++) {
        byte[] message = new byte[random.nextInt(300)];
        random.nextBytes(message);
        Files.write(folder.resolve(number + ".key"),
            ((LMSPublicKeyParameters) pair.getPublic()).getEncoded());
        Files.write(folder.resolve(number + ".message"), message);
        Files.write(folder.resolve(number + ".signature"), signer.generateSignature(message));
      }
    }
    System.out.println("Bouncy Castle made " + number + " signatures");
  }

  private static void verify(Path folder) throws Exception {
    List<Path> keys = new ArrayList<>();
    try (var files = Files.newDirectoryStream(folder, "*.key")) {
      files.forEach(keys::add);
    }
    Collections.sort(keys);
    if (keys.isEmpty()) {
      throw new IllegalStateException("nothing to verify in " + folder);
    }
    for (Path path : keys) {
      String name = path.getFileName().toString().replace(".key", "");
      byte[] message = Files.readAllBytes(folder.resolve(name + ".message"));
      byte[] signature = Files.readAllBytes(folder.resolve(name + ".signature"));
      LMSSigner signer = new LMSSigner();
      signer.init(false, LMSPublicKeyParameters.getInstance(Files.readAllBytes(path)));
      if (!signer.verifySignature(message, signature)) {
        throw new IllegalStateException("signature " + name + " is refused");
      }
      signature[signature.length - 1] ^= 1;
      if (signer.verifySignature(message, signature)) {
        throw new IllegalStateException("changed signature " + name + " is accepted");
      }
    }
    System.out.println("Bouncy Castle verified " + keys.size() + " signatures");
  }

  private BouncyCastleLms() {}
}
