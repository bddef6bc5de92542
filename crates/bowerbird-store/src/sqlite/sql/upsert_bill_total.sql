INSERT INTO bill_total (source, track, cost) VALUES (?1, ?2, ?3)
ON CONFLICT (source, track) DO UPDATE SET cost = cost + excluded.cost
