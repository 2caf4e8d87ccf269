OK_FORMAT = True

test = {   'name': 'q4',
    'points': 3,
    'suites': [   {   'cases': [   {   'code': '>>> assert all((isinstance(n, (int, float)) for n in (points_shuffled, both_turned, both_three_times_as_large, l1_both_three_times_as_large, '
                                               'l1_both_moved_by_one_metre)))\n',
                                       'failure_message': 'each answer is a number',
                                       'hidden': False,
                                       'locked': False,
                                       'points': 0}],
                      'scored': True,
                      'setup': '',
                      'teardown': '',
                      'type': 'doctest'}]}
