package org.xenpv.layers.dns;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.xbill.DNS.CNAMERecord;
import org.xbill.DNS.DClass;
import org.xbill.DNS.DNAMERecord;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Name;
import org.xbill.DNS.NameTooLongException;
import org.xbill.DNS.OPTRecord;
import org.xbill.DNS.Opcode;
import org.xbill.DNS.RRset;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Record;
import org.xbill.DNS.SOARecord;
import org.xbill.DNS.Section;
import org.xbill.DNS.SetResponse;
import org.xbill.DNS.Type;
import org.xbill.DNS.Zone;

/**
 * The zones a server knows, and how they answer: the slow and whole way, through the library. It does as RFC 1034 section
 * 4.3.2 has it for a server without recursion.
 */
public final class DnsZones {

    /** Longest answer to one who says to take more than 512: fits a frame. */
    private static final int ANSWER_BYTES_MAX = 1232;

    private static final int PLAIN_BYTES_MAX = 512;
    private static final int ALIASES_MAX = 8;

    private final Map<Name, Zone> zones = new LinkedHashMap<>();
    /** Names with others below them: they exist, even if nothing is said of themselves (RFC 8020). */
    private final Set<Name> parents = new LinkedHashSet<>();

    /** @param masterFile text as in RFC 1035, section 5 @throws IOException if it is no zone */
    public DnsZones add(String origin, String masterFile) throws IOException {
        Name name = Name.fromString(origin, Name.root);
        Zone zone = new Zone(name, new ByteArrayInputStream(masterFile.getBytes(StandardCharsets.UTF_8)));
        zones.put(name, zone);
        for (RRset each : zone) {
            for (int labels = 1; labels < each.getName().labels() - name.labels(); labels++) {
                parents.add(new Name(each.getName(), labels));
            }
        }
        return this;
    }

    /** @return an answer to at least twelve bytes, whatever they are */
    byte[] answer(byte[] query) {
        Message request;
        try {
            request = new Message(query);
        } catch (IOException | RuntimeException notAMessage) {
            return headerOnly(query, Rcode.FORMERR);
        }
        try {
            return answer(request).toWire(limit(request.getOPT()));
        } catch (RuntimeException libraryFault) {
            return headerOnly(query, Rcode.SERVFAIL);
        }
    }

    /** What is said to somebody who cannot be understood: his id, opcode and RD, and a code. */
    private static byte[] headerOnly(byte[] query, int rcode) {
        byte[] answer = new byte[DnsQuery.HEADER_BYTES];
        answer[0] = query[0];
        answer[1] = query[1];
        answer[2] = (byte) (query[2] & 0x79 | 0x80);
        answer[3] = (byte) rcode;
        return answer;
    }

    private static int limit(OPTRecord opt) {
        return opt == null
                ? PLAIN_BYTES_MAX
                : Math.max(PLAIN_BYTES_MAX, Math.min(opt.getPayloadSize(), ANSWER_BYTES_MAX));
    }

    private Message answer(Message request) {
        Message answer = new Message(request.getHeader().getID());
        answer.getHeader().setFlag(Flags.QR);
        answer.getHeader().setOpcode(request.getHeader().getOpcode());
        if (request.getHeader().getFlag(Flags.RD)) {
            answer.getHeader().setFlag(Flags.RD);
        }
        List<Record> questions = request.getSection(Section.QUESTION);
        questions.forEach(each -> answer.addRecord(each, Section.QUESTION));
        int rcode = refusal(request, questions);
        if (rcode == Rcode.NOERROR) {
            Record question = questions.get(0);
            rcode = addAnswer(answer, question.getName(), question.getType(), 0);
        }
        answer.getHeader().setRcode(rcode & 0xf);
        if (request.getOPT() != null) {
            answer.addRecord(new OPTRecord(ANSWER_BYTES_MAX, rcode >>> 4, 0), Section.ADDITIONAL);
        }
        return answer;
    }

    private static int refusal(Message request, List<Record> questions) {
        if (request.getHeader().getOpcode() != Opcode.QUERY) {
            return Rcode.NOTIMP;
        }
        if (questions.size() != 1) {
            return Rcode.FORMERR;
        }
        if (request.getOPT() != null && request.getOPT().getVersion() > 0) {
            return Rcode.BADVERS;
        }
        int type = questions.get(0).getType();
        boolean transfer = type == Type.AXFR || type == Type.IXFR;
        return transfer || questions.get(0).getDClass() != DClass.IN ? Rcode.REFUSED : Rcode.NOERROR;
    }

    private Zone zoneOf(Name name) {
        for (int labels = 0; labels < name.labels(); labels++) {
            Zone zone = zones.get(new Name(name, labels));
            if (zone != null) {
                return zone;
            }
        }
        return null;
    }

    private int addAnswer(Message answer, Name name, int type, int aliases) {
        Zone zone = zoneOf(name);
        if (zone == null) {
            return aliases == 0 ? Rcode.REFUSED : Rcode.NOERROR;
        }
        SetResponse found = zone.findRecords(name, type);
        if (found.isDelegation()) {
            addAll(answer, found.getNS(), Section.AUTHORITY);
            addGlue(answer, zone, found.getNS());
            return Rcode.NOERROR;
        }
        answer.getHeader().setFlag(Flags.AA);
        if (found.isSuccessful()) {
            for (RRset each : found.answers()) {
                addAll(answer, each, Section.ANSWER);
                addGlue(answer, zone, each);
            }
            return Rcode.NOERROR;
        }
        if (found.isCNAME()) {
            answer.addRecord(found.getCNAME(), Section.ANSWER);
            return follow(answer, found.getCNAME().getTarget(), type, aliases);
        }
        if (found.isDNAME()) {
            return addRenamed(answer, found.getDNAME(), name, type, aliases);
        }
        answer.addRecord(negative(zone.getSOA()), Section.AUTHORITY);
        return found.isNXDOMAIN() && !parents.contains(name) ? Rcode.NXDOMAIN : Rcode.NOERROR;
    }

    private int follow(Message answer, Name target, int type, int aliases) {
        return aliases == ALIASES_MAX ? Rcode.SERVFAIL : addAnswer(answer, target, type, aliases + 1);
    }

    private int addRenamed(Message answer, DNAMERecord dname, Name name, int type, int aliases) {
        answer.addRecord(dname, Section.ANSWER);
        try {
            Name target = name.fromDNAME(dname);
            answer.addRecord(new CNAMERecord(name, DClass.IN, dname.getTTL(), target), Section.ANSWER);
            return follow(answer, target, type, aliases);
        } catch (NameTooLongException tooLong) {
            return Rcode.YXDOMAIN;
        }
    }

    /** An SOA that says how long it may be remembered that there is nothing (RFC 2308). */
    private static SOARecord negative(SOARecord soa) {
        return new SOARecord(
                soa.getName(),
                soa.getDClass(),
                Math.min(soa.getTTL(), soa.getMinimum()),
                soa.getHost(),
                soa.getAdmin(),
                soa.getSerial(),
                soa.getRefresh(),
                soa.getRetry(),
                soa.getExpire(),
                soa.getMinimum());
    }

    private static void addAll(Message answer, RRset records, int section) {
        for (Record each : records.rrs()) {
            if (!answer.findRecord(each)) {
                answer.addRecord(each, section);
            }
        }
    }

    /** The addresses of hosts that records speak of, as far as the zone knows them. */
    private static void addGlue(Message answer, Zone zone, RRset records) {
        for (Record each : records.rrs()) {
            Name host = each.getAdditionalName();
            if (host != null) {
                for (int type : new int[] {Type.A, Type.AAAA}) {
                    RRset addresses = zone.findExactMatch(host, type);
                    if (addresses != null) {
                        addAll(answer, addresses, Section.ADDITIONAL);
                    }
                }
            }
        }
    }
}
